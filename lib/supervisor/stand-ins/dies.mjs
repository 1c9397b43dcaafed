console.error('The stand-in has no licence to live.')
process.exit(3)

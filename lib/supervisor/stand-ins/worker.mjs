// Is ready at once and has nothing to do. With the argument `stubborn` it does not stop when asked.
setInterval(() => undefined, 60_000)
process.on('SIGTERM', () => process.argv.includes('stubborn') || process.exit(0))
process.send({ ready: true })

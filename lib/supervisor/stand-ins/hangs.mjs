// Never ends by itself.
setInterval(() => undefined, 60_000)

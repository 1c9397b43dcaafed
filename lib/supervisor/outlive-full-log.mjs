// Preloaded (`node --import`) into every part of the console that is a Node process, beside die-with-parent.mjs, and
// imported by the supervisor. Its output is a file, or a terminal that may be gone; when that cannot be written, as on a
// full disk, Node makes an error event of it, which nobody listens to, and it would end for want of a line in its log.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

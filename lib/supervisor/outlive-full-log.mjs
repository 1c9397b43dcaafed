// Preloaded (`node --import`) into every part of the console that is a Node process, beside die-with-parent.mjs. Its
// output is a file; when that cannot be written, as on a full disk, Node makes an error event of it, which nobody
// listens to, and the part would end for want of a line in its log.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

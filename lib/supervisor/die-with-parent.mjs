// Preloaded (`node --import`) into every child that is a Node process: when its parent is gone, however it went, the
// channel between them closes, and the child stops as if asked to. A module of its own, because `next` is not ours.
import { isMainThread } from 'node:worker_threads'

const graceMs = 10_000

if (isMainThread && process.connected) {
  process.once('disconnect', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs).unref()
    process.kill(process.pid, 'SIGTERM')
  })
  // Listening keeps the channel, and so the process, from ending by itself.
  process.channel?.unref()
}

// Preloaded (`node --import`) into every child that is a Node process: when its parent is gone, however it went, the
// channel between them closes, and the child stops as if asked to. A module of its own, because `next` is not ours.
// Node hands it on to what the child forks in its turn (Next's build workers): those live by their own rules.
import { isMainThread } from 'node:worker_threads'

const graceMs = 10_000

if (isMainThread && process.connected && process.env.VAULT_SUPERVISOR_PID === String(process.ppid)) {
  process.once('disconnect', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs).unref()
    process.kill(process.pid, 'SIGTERM')
  })
  // Listening keeps the channel, and so the process, from ending by itself.
  process.channel?.unref()
}

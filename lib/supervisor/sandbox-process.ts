import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// The sandbox as a process of its own: `node sandbox-process.ts FOLDER PORT [BYTES]`, with a channel to the supervisor.
// BYTES is the most that all objects may take. Its hundred small files start twice as fast from the cache, which must be
// on before they are loaded; and with a young generation that does not grow, the bodies that pass through are let go of
// soon: 130 MiB at most in place of 160.
enableCompileCache()
setFlagsFromString('--semi-space-growth-factor=1')
const { startSandbox } = await import('#lib/sandbox/server.ts')
const [dataDir = '', port, capacity] = process.argv.slice(2)
const sandbox = await startSandbox({ dataDir, port: Number(port), ...(capacity && { capacity: Number(capacity) }) })
process.once('SIGTERM', () => void sandbox.close().then(() => process.exit(0)))
process.send?.({ ready: true, endpoint: sandbox.endpoint })

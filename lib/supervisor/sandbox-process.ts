import { startSandbox } from '#lib/sandbox/server.ts'

// The sandbox as a process of its own: `node sandbox-process.ts FOLDER PORT`, with a channel to the supervisor.
const [dataDir = '', port] = process.argv.slice(2)
const sandbox = await startSandbox({ dataDir, port: Number(port) })
process.once('SIGTERM', () => void sandbox.close().then(() => process.exit(0)))
process.send?.({ ready: true, endpoint: sandbox.endpoint })

import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

// Node hashes on the thread that asks, which does everything else besides: a third of what a restore takes. What lies in
// shared memory is hashed on another one, without a copy.

/** Less is hashed sooner than handed over. */
const WORTH_IT = 1024 * 1024

/** Text and not a module of its own: bundlers would have to know of it, and it has nothing to resolve. */
const PROGRAM = `
  const { createHash } = require('node:crypto')
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', (bytes) => parentPort.postMessage(createHash('sha256').update(bytes).digest('hex')))
`

interface Thread {
  readonly worker: Worker
  /** In the order in which they asked. */
  readonly waiting: { resolve(hash: string): void; reject(error: Error): void }[]
}

let thread: Thread | undefined

/** Hexadecimal SHA-256. The bytes must not change until this resolves. */
export async function sha256Aside(bytes: Uint8Array): Promise<string> {
  if (bytes.length >= WORTH_IT && bytes.buffer instanceof SharedArrayBuffer) {
    try {
      return await ask(bytes)
    } catch {
      // There is no thread to be had, or it ended: here, then.
    }
  }
  return createHash('sha256').update(bytes).digest('hex')
}

/** Starting the thread takes longer than fetching what it is to hash first. */
export function expectToHash(): void {
  try {
    thread ??= start()
  } catch {
    // Then there is none when it is asked for, either.
  }
}

function ask(bytes: Uint8Array): Promise<string> {
  thread ??= start()
  const { worker, waiting } = thread
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject })
    worker.ref()
    worker.postMessage(bytes)
  })
}

/** One for the whole process, as long as that lives; it holds up nobody's end. */
function start(): Thread {
  const resourceLimits = { maxYoungGenerationSizeMb: 1 }
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], env: {}, resourceLimits })
  const started: Thread = { worker, waiting: [] }
  const ended = (error: Error) => {
    if (thread === started) thread = undefined
    for (const { reject } of started.waiting.splice(0)) reject(error)
  }
  worker.on('message', (hash: string) => {
    started.waiting.shift()?.resolve(hash)
    if (started.waiting.length === 0) worker.unref()
  })
  worker.once('error', ended)
  worker.once('exit', () => ended(new Error('The thread that hashes ended.')))
  worker.unref()
  return started
}

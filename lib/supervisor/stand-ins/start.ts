import path from 'node:path'
import { readEnv } from '#lib/env.ts'
import { messageOf } from '#lib/errors.ts'
import { Progress } from '../progress.ts'
import { runConsole } from '../run-console.ts'

/**
 * `npm start` with stand-ins for the parts that need Next, the schema and the sandbox:
 * `node start.ts CHECKOUT [PART=FILE …]`, where CHECKOUT is a folder to build in.
 */
const [root = '', ...changes] = process.argv.slice(2)
const program = (part: string) => {
  const [, change] = changes.map((entry) => entry.split('=')).find(([name]) => name === part) ?? []
  const [file = part, ...args] = (change ?? part).split(' ')
  return [path.join(import.meta.dirname, `${file}.mjs`), ...args] as const
}
try {
  await runConsole({
    env: readEnv(),
    environment: { ...process.env },
    programs: { web: program('web'), worker: program('worker'), sandbox: program('sandbox') },
    build: { root, program: program('build'), environment: { ...process.env } },
    progress: new Progress(process.stdout),
    prepareDatabase: async () => ({ setupUrl: 'http://localhost/setup?token=once' }),
  })
  process.exit(0)
} catch (error) {
  console.error(messageOf(error))
  process.exit(1)
}

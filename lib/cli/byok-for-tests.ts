import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

interface How {
  readonly cwd?: string
  /** Besides `surroundings`. */
  readonly env?: Record<string, string>
  readonly input?: string
  /** What nobody reads, as behind `| head -1`. */
  readonly unread?: 'stdout' | 'stderr'
}

const main = ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'main.ts')]

/** What a process is not told of this one’s, but where it runs; compiled code is kept, as bin/bootstrap.mjs has it. */
const { PATH, NODE_COMPILE_CACHE } = process.env
const surroundings = { PATH, NODE_ENV: 'production', NODE_COMPILE_CACHE } as const

/** `byok`, as a process of its own. */
export function startByok(args: readonly string[], { cwd, env = {} }: How = {}) {
  return spawn(process.execPath, [...main, ...args], {
    ...(cwd !== undefined && { cwd }),
    env: { ...surroundings, ...env },
  })
}

/** To its end: what it printed, and its exit code. */
export async function byok(args: readonly string[], how: How = {}) {
  const child = startByok(args, how)
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    if (how.unread === name) child[name].destroy()
    else child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text))
  // A command that reads nothing may have ended by then.
  child.stdin.on('error', () => {})
  child.stdin.end(how.input ?? '')
  await once(child, 'close')
  return { code: child.exitCode, ...printed }
}

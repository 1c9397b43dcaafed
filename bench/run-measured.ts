import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { endTogether } from './end-together.ts'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly environment: Record<string, string>
}

export interface Measured {
  readonly wallSeconds: number
  /** User and system, of the command and all that it started. */
  readonly cpuSeconds: number
  /** Largest resident memory of one process; of several at once, their sum. */
  readonly peakMiB: number
  readonly stdout: string
}

const sampleMs = 50

/**
 * Runs a command to its end. The shell around it adds up CPU time as the kernel counts it (hundredths of a second);
 * memory is the kernel's own high-water mark of each process, asked for every 50 ms (more often would take a
 * measurable part of the machine from what is measured).
 * @param scratch a folder for a small file
 * @throws Error with the command's last words when it fails
 */
export async function runMeasured({ program, args, cwd, environment }: Command, scratch: string): Promise<Measured> {
  const timesFile = path.join(scratch, 'times')
  rmSync(timesFile, { force: true })
  const script = '"$@"; code=$?; times > "$TIMES_FILE"; exit $code'
  const started = performance.now()
  const child = spawn('sh', ['-c', script, 'sh', program, ...args], {
    cwd,
    env: { NODE_ENV: 'production', PATH: process.env.PATH, LC_ALL: 'C.UTF-8', ...environment, TIMES_FILE: timesFile },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  endTogether(child)
  const peaks = new Map<number, number>()
  const timer = setInterval(() => sample(child.pid ?? 0, peaks), sampleMs)
  const closed = once(child, 'close').then(([code]) => ({ code, at: performance.now() }))
  const [stdout, stderr, { code, at }] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  clearInterval(timer)
  if (code !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${`${stdout}\n${stderr}`.slice(-2000)}`)
  return {
    wallSeconds: (at - started) / 1000,
    cpuSeconds: childSeconds(readFileSync(timesFile, 'utf8')),
    peakMiB: [...peaks.values()].reduce((sum, kib) => sum + kib, 0) / 1024,
    stdout,
  }
}

/** Second line of the shell's `times`: `0m1.23s 0m0.45s`, user and system of its children. */
function childSeconds(times: string): number {
  const line = times.trim().split('\n')[1] ?? ''
  const found = [...line.matchAll(/(\d+)m([\d.]+)s/g)]
  if (found.length !== 2) throw new Error(`The shell said “${times}” and not what the CPU times are.`)
  return found.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0)
}

function sample(shell: number, peaks: Map<number, number>): void {
  for (const pid of below(shell)) {
    const kib = Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
    peaks.set(pid, Math.max(kib, peaks.get(pid) ?? 0))
  }
}

function below(pid: number): number[] {
  const children = tasksOf(pid).flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean))
  return children.map(Number).flatMap((child) => [child, ...below(child)])
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // It has ended.
    return ''
  }
}

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process, told apart from a later one that was given the same ID. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in whatever words the operating system has for it. Only ever compared. */
  readonly born: string
}

/** @returns undefined when no such process lives */
export function identify(pid: number): ProcessIdentity | undefined {
  const born = process.platform === 'linux' ? bornOnLinux(pid) : bornByPs(pid)
  return born ? { pid, born } : undefined
}

export function isSameProcessAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.born === identity.born
}

/** @returns false when it has ended meanwhile */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/** @returns whether it ended in time */
export async function waitForEnd(identity: ProcessIdentity, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  while (isSameProcessAlive(identity)) {
    if (performance.now() > deadline) return false
    await sleep(50)
  }
  return true
}

/** The command line of a living process, its arguments joined by spaces; empty when there is none. */
export function commandLineOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

// proc_pid_stat(5): after the name in parentheses, which may itself hold spaces and parentheses, come the state and,
// as the 22nd field of the line, the start in clock ticks since boot. A reboot starts the count again, hence its ID.
function bornOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; only its parent has not asked yet.
    if (state === 'Z' || state === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[18]}`
  } catch {
    return undefined
  }
}

function bornByPs(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    return state?.startsWith('Z') ? undefined : start.join(' ')
  } catch {
    return undefined
  }
}

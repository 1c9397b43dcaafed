import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const preload = path.join(import.meta.dirname, '..', 'lib', 'supervisor', 'die-with-parent.mjs')
const program = path.join(import.meta.dirname, '..', 'lib', 'supervisor', 'sandbox-process.ts')

/** A folder that goes when this process ends, by Ctrl-C or a signal too; what it started has ended then. */
export function makeScratch(name: string, inside = tmpdir()): string {
  const folder = mkdtempSync(path.join(inside, name))
  // What was killed a moment before may be writing still.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
  return folder
}

/** A child that leads a group of its own (`detached`) ends at the latest when this process does, with all that it starts. */
export function endTogether(child: ChildProcess): void {
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  // Before its folder goes.
  process.prependOnceListener('exit', kill)
  child.once('exit', () => process.off('exit', kill))
}

/** The sandbox in a process of its own, which notices when this one is killed. */
export function spawnSandbox(args: readonly string[]): ChildProcess {
  const flags = ['--disable-warning=ExperimentalWarning', '--import', preload]
  const child = spawn(process.execPath, [...flags, program, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, VAULT_SUPERVISOR_PID: String(process.pid) },
    detached: true,
  })
  endTogether(child)
  return child
}

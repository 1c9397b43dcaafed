import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { identify, isSameProcessAlive, signalProcess, waitForEnd } from './process-identity.ts'

const children = z.record(z.string(), z.object({ pid: z.number(), born: z.string() }))

const fileIn = (dataDir: string) => path.join(dataDir, 'children.json')

/**
 * Writes down which process a part runs as, for the next start in case this one is killed. Never throws: without it a
 * child that outlives its console and hangs is not ended, and a disk that is full must not keep a part from starting.
 */
export function rememberChild(dataDir: string, name: string, pid: number): void {
  const child = identify(pid)
  if (!child) return
  const draft = `${fileIn(dataDir)}.new`
  try {
    writeFileSync(draft, JSON.stringify({ ...readChildren(dataDir), [name]: child }), { mode: 0o600 })
    renameSync(draft, fileIn(dataDir))
  } catch {
    rmSync(draft, { force: true })
  }
}

export function forgetChildren(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true })
}

/**
 * Ends what a killed console left behind. Its children notice its death and stop by themselves; one that hangs is ended
 * here, with its whole process group. Needs the data folder's lock.
 */
export async function endLeftovers(dataDir: string): Promise<void> {
  await Promise.all(
    Object.values(readChildren(dataDir)).map(async (child) => {
      if (await waitForEnd(child, 5_000)) return
      if (isSameProcessAlive(child)) signalProcess(-child.pid, 'SIGKILL')
      await waitForEnd(child, 5_000)
    }),
  )
  forgetChildren(dataDir)
}

function readChildren(dataDir: string): z.infer<typeof children> {
  try {
    return children.parse(JSON.parse(readFileSync(fileIn(dataDir), 'utf8')))
  } catch {
    return {}
  }
}

import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { identify, isSameProcessAlive } from './process-identity.ts'

const claim = z.object({
  pid: z.number(),
  born: z.string(),
  /** ISO 8601 */
  since: z.string(),
  /** What the holder says about itself, to be shown to who waits. */
  note: z.string(),
})
export type Claim = z.infer<typeof claim>

export interface Lock {
  release(): Promise<void>
}

/**
 * One lock is a folder, with one small file for each process that wants it. Who has written their own file and then
 * sees no other living process's file holds the lock; who sees one takes their own back and tries again. Two can so
 * both step back, but never both hold. Nobody ever removes a living process's file, so a holder that was killed needs
 * no care beyond looking whether it still lives.
 * @returns the claim of the holder when it still holds the lock after `waitMs`
 */
export async function acquireLock(
  folder: string,
  note: string,
  { waitMs, onWait }: { waitMs: number; onWait?: (holder: Claim) => void },
): Promise<Lock | { heldBy: Claim }> {
  const self = identify(process.pid)
  if (!self) throw new Error('This process cannot find itself.')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const name = `${process.pid}.${randomUUID()}`
  const file = path.join(folder, `${name}.json`)
  const mine: Claim = { ...self, since: new Date().toISOString(), note }
  const deadline = performance.now() + waitMs
  for (let told = false; ; ) {
    let holder = await livingClaim(folder, name)
    if (!holder) {
      // Renamed into place, so that nobody reads half a claim.
      await writeFile(path.join(folder, `${name}.tmp`), JSON.stringify(mine), { mode: 0o600 })
      await rename(path.join(folder, `${name}.tmp`), file)
      holder = await livingClaim(folder, name)
      if (!holder) return { release: () => rm(file, { force: true }) }
      await rm(file, { force: true })
    }
    if (performance.now() > deadline) return { heldBy: holder }
    if (!told) onWait?.(holder)
    told = true
    await sleep(50 + Math.random() * 100)
  }
}

async function livingClaim(folder: string, except: string): Promise<Claim | undefined> {
  for (const entry of await readdir(folder)) {
    if (!entry.endsWith('.json') || entry === `${except}.json`) continue
    const file = path.join(folder, entry)
    const other = await readClaim(file)
    if (other && isSameProcessAlive(other)) return other
    await rm(file, { force: true })
  }
  return undefined
}

async function readClaim(file: string): Promise<Claim | undefined> {
  try {
    return claim.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}

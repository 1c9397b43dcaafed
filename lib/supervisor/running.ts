import { closeSync, openSync, readFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { isSameProcessAlive } from './process-identity.ts'

const running = z.object({
  /** The supervisor. */
  pid: z.number(),
  born: z.string(),
  /** ISO 8601 */
  startedAt: z.string(),
  /** Where people open the console. */
  url: z.string(),
  databaseUrl: z.string(),
  sandboxEndpoint: z.string().optional(),
  /** The variables that its seal was decided by; in place of a secret stands the word “set”. */
  seal: z.record(z.string(), z.string()).optional(),
})

/** A console that is up. Holds the database's password: the file is its owner's alone. */
export type Running = z.infer<typeof running>

const fileIn = (dataDir: string) => path.join(dataDir, 'run.json')

/** The console that is up on this data folder, for commands that need its database. */
export function findRunning(dataDir: string): Running | undefined {
  try {
    const found = running.parse(JSON.parse(readFileSync(fileIn(dataDir), 'utf8')))
    return isSameProcessAlive(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** Whether this user may not know: the data folder is somebody else's. */
export function isHidden(dataDir: string): boolean {
  try {
    closeSync(openSync(fileIn(dataDir), 'r'))
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES'
  }
}

export async function announceRunning(dataDir: string, state: Running): Promise<void> {
  const draft = `${fileIn(dataDir)}.new`
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, fileIn(dataDir))
}

export async function withdrawRunning(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true })
}

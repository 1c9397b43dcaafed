import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * A secret of this console in its data folder: made once, mode 0600, then always the same.
 * Two processes that make it at once agree on one of the two.
 */
export function secretFile(dataDir: string, name: string, make: () => string): string {
  const folder = path.join(dataDir, 'secrets')
  const file = path.join(folder, name)
  const existing = readIfThere(file)
  if (existing !== undefined) return existing
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(draft, make(), { mode: 0o600, flag: 'wx', flush: true })
  try {
    // link(2) is atomic and never replaces: whoever comes second reads what the first wrote.
    linkSync(draft, file)
    flushFolder(folder)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(file, 'utf8')
}

/** The new name is on the disk, too: what a key in it wraps may be committed elsewhere the next moment. */
function flushFolder(folder: string): void {
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

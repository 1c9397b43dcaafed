import { existsSync } from 'node:fs'
import { mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#lib/errors.ts'

/**
 * Makes the data folder, for its owner alone, and sees that it can be written.
 * @returns its path with links resolved
 * @throws AppError `denied`
 */
export async function openDataFolder(dataDir: string): Promise<string> {
  try {
    await makeFolder(dataDir)
    const probe = path.join(dataDir, `.probe-${process.pid}`)
    try {
      // An empty file finds room on a disk that is full.
      await writeFile(probe, Buffer.alloc(64 * 1024))
    } finally {
      await rm(probe, { force: true })
    }
    return await realpath(dataDir)
  } catch (cause) {
    throw new AppError('denied', `The data folder ${dataDir} cannot be written (${reasonOf(cause)}).`, {
      cause,
      fix: fixes[codeOf(cause)] ?? 'Set VAULT_DATA_DIR to a folder that this user may write.',
    })
  }
}

/** Not `recursive`: Node tries for ever where a folder exists and refuses new ones with ENOENT, as /proc does. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return
    const parent = path.dirname(folder)
    if (code !== 'ENOENT' || existsSync(parent)) throw error
    await makeFolder(parent)
    await mkdir(folder, { mode: 0o700 })
  }
}

const reasons: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'something on its path is not a folder',
  EEXIST: 'it is not a folder',
  ENOENT: 'its path does not exist',
  ENOSPC: 'the disk is full',
  EDQUOT: 'this user’s quota on the disk is used up',
}
const fixes: Record<string, string> = {
  EROFS: 'Mount its disk for writing, or set VAULT_DATA_DIR to a folder on another.',
  ENOSPC: 'Make room on its disk, then start again.',
  EDQUOT: 'Make room, or have the quota raised, then start again.',
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function reasonOf(error: unknown): string {
  return reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
}

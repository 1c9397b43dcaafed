import { chmodSync, fchmodSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { setImmediate as letOthersWork } from 'node:timers/promises'
import { type BytePath, toFsPath } from './byte-path.ts'
import { type OpenFolder, openFolder } from './open-folder.ts'
import { systemCode } from './system-error.ts'

const AT_ONCE = 500

/**
 * Removes a folder with all it holds, or whatever else is there. Unlike rm of node:fs it follows no link that is put
 * there meanwhile, removes what lies in a folder that its owner may not write to, and holds up nobody else's work.
 */
export async function removeTree(path: BytePath): Promise<void> {
  let folder: OpenFolder
  try {
    folder = openOwn(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    if (systemCode(error) !== 'ENOTDIR' && systemCode(error) !== 'ELOOP') throw error
    unlinkSync(toFsPath(path))
    return
  }
  try {
    openUp(folder)
    const items = readdirSync(toFsPath(folder.inside('.')), { withFileTypes: true, encoding: 'latin1' })
    for (const [number, item] of items.entries()) {
      if (number % AT_ONCE === AT_ONCE - 1) await letOthersWork()
      if (item.isDirectory()) await removeTree(folder.inside(item.name))
      else unlinkSync(toFsPath(folder.inside(item.name)))
    }
  } finally {
    folder.close()
  }
  rmdirSync(toFsPath(path))
}

/** A disk without modes needs none, and says so in words of its own. What cannot be removed shows when it is tried. */
function openUp({ fd }: OpenFolder): void {
  try {
    fchmodSync(fd, 0o700)
  } catch {}
}

function openOwn(path: BytePath): OpenFolder {
  try {
    return openFolder(path)
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error
    chmodSync(toFsPath(path), 0o700)
    return openFolder(path)
  }
}

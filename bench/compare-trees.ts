import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import path from 'node:path'

export type Tree = ReadonlyMap<string, string>

/** SHA-256 and, where asked for, mode and time of every file, by path. Also warms the page cache. */
export function readTree(root: string, withMetadata: boolean): Tree {
  const tree = new Map<string, string>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    if (!entry.isFile()) continue
    const { mode, mtimeNs } = lstatSync(file, { bigint: true })
    const sha256 = hashFile(file)
    tree.set(path.relative(root, file), withMetadata ? `${sha256} ${mode.toString(8)} ${mtimeNs}` : sha256)
  }
  return tree
}

const buffer = Buffer.alloc(2 ** 20)

function hashFile(file: string): string {
  const hash = createHash('sha256')
  const open = openSync(file, 'r')
  try {
    for (let size = readSync(open, buffer); size > 0; size = readSync(open, buffer))
      hash.update(buffer.subarray(0, size))
  } finally {
    closeSync(open)
  }
  return hash.digest('hex')
}

/** @throws Error that names the first difference */
export function mustBeSame(restored: Tree, original: Tree, who: string): void {
  for (const [name, content] of original) {
    const found = restored.get(name)
    if (found !== content)
      throw new Error(`${who} brought back ${name} as ${found ?? 'nothing'}, and it was ${content}.`)
  }
  if (restored.size !== original.size)
    throw new Error(`${who} brought back ${restored.size} files of ${original.size}.`)
}

import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { toBytePath, toFsPath } from './byte-path.ts'
import { formatTime } from './entry.ts'

/** Every name under a folder with all that a backup keeps of it; two equal lists are two equal trees. For tests. */
export function describeTree(folder: string): Record<string, string> {
  const described: Record<string, string> = {}
  const firstNames = new Map<bigint, string>()
  const visit = (path: string, shown: string) => {
    const stat = lstatSync(toFsPath(path), { bigint: true })
    const facts = [`mode ${stat.mode.toString(8)}`, `owner ${stat.uid}:${stat.gid}`, `time ${formatTime(stat.mtimeNs)}`]
    if (stat.isSymbolicLink()) facts.push(`to ${readlinkSync(toFsPath(path), 'latin1')}`)
    if (stat.isFile()) {
      const first = firstNames.get(stat.ino)
      if (first === undefined) firstNames.set(stat.ino, shown)
      else facts.push(`same as ${first}`)
      facts.push(
        `${stat.size} bytes`,
        createHash('sha256')
          .update(readFileSync(toFsPath(path)))
          .digest('hex'),
      )
    }
    described[shown] = facts.join(', ')
    if (!stat.isDirectory()) return
    const names = readdirSync(toFsPath(path), { encoding: 'latin1' }).sort()
    for (const name of names) visit(`${path}/${name}`, `${shown}/${name}`)
  }
  visit(toBytePath(folder), '.')
  return described
}

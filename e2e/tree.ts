import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/** Numbers that look random and are the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A real tree: many small files in folders, some large, links of both kinds, modes, old times, names of all sorts. */
export function plantTree(
  root: string,
  { files, seed, marker = '' }: { files: number; seed: number; marker?: string },
): void {
  const random = numbers(seed)
  mkdirSync(root, { recursive: true })
  const bytes = (length: number) => Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)))
  for (let index = 0; index < files; index += 1) {
    const folder = path.join(root, `year ${2000 + (index % 25)}`, `month-${index % 12}`)
    mkdirSync(folder, { recursive: true })
    const file = path.join(folder, `${index % 7 === 0 ? 'Übersicht №' : 'invoice-'}${index}.txt`)
    const text = `${marker} line ${index}\n`.repeat(Math.floor(random() * 60))
    writeFileSync(file, index % 5 === 0 ? bytes(Math.floor(random() * 6000)) : text)
    chmodSync(file, [0o644, 0o600, 0o755, 0o440][index % 4] ?? 0o644)
    const time = 1_000_000_000 + index * 1000 + random()
    utimesSync(file, time, time)
  }
  mkdirSync(path.join(root, 'empty folder'))
  writeFileSync(path.join(root, 'empty file'), '')
  writeFileSync(path.join(root, 'large.bin'), bytes(1 << 20))
  linkSync(path.join(root, 'large.bin'), path.join(root, 'large again.bin'))
  symlinkSync('large.bin', path.join(root, 'to large'))
  symlinkSync('/nowhere/at all', path.join(root, 'broken link'))
  lutimesSync(path.join(root, 'broken link'), 1_234_567_890, 1_234_567_890)
  writeFileSync(path.join(root, 'n'.repeat(255)), 'a name of 255 bytes')
  utimesSync(root, 1_500_000_000.25, 1_500_000_000.25)
}

/** Everything that a restore must bring back, one line for each entry: name, kind, mode, time, links, content. */
export function describeTree(root: string): string[] {
  const lines: string[] = []
  const firstNames = new Map<bigint, string>()
  const visit = (folder: string, prefix: string) => {
    for (const name of readdirSync(folder).sort()) {
      const file = path.join(folder, name)
      const shown = prefix + name
      const stat = lstatSync(file, { bigint: true })
      const common = `${shown} mode=${(stat.mode & 0o7777n).toString(8)} mtime=${stat.mtimeNs} owner=${stat.uid}:${stat.gid}`
      if (stat.isDirectory()) {
        lines.push(`${common} folder`)
        visit(file, `${shown}/`)
      } else if (stat.isSymbolicLink()) {
        lines.push(`${common} link to ${readlinkSync(file)}`)
      } else {
        const first = firstNames.get(stat.ino)
        firstNames.set(stat.ino, first ?? shown)
        lines.push(
          `${common} same file as ${first ?? 'none'} links=${stat.nlink} ${readFileSync(file).toString('base64')}`,
        )
      }
    }
  }
  const top = lstatSync(root, { bigint: true })
  lines.push(`. mode=${(top.mode & 0o7777n).toString(8)} mtime=${top.mtimeNs}`)
  visit(root, '')
  return lines
}

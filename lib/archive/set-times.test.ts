import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toBytePath } from './byte-path.ts'
import { coarseSetter, timeSetter } from './set-times.ts'

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'set-times-')))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TIMES = [0n, 1n, 999_999_999n, 1_700_000_000_123_456_789n, 4_500_000_000_000_000_001n, -1n, -1_500_000_000n]

// The coarse one may be off by what a double cannot hold: 240 ns today, and it truncates to microseconds.
test.each([
  ['exactly', () => timeSetter(), 0n],
  ['without koffi to about a microsecond', () => coarseSetter, 2000n],
] as const)('sets times %s, a link’s own and not its target’s', (_, setter, tolerance) => {
  const path = join(folder, 'file')
  const link = join(folder, 'link')
  for (const ns of TIMES) {
    writeFileSync(path, '')
    rmSync(link, { force: true })
    symlinkSync('file', link)
    const fd = openSync(path, 'r')
    setter().setOpenFile(fd, ns)
    closeSync(fd)
    setter().setSymlink(toBytePath(link), 987_654_321n)
    expect(off(statSync(path, { bigint: true }).mtimeNs, ns)).toBeLessThanOrEqual(tolerance)
    expect(off(lstatSync(link, { bigint: true }).mtimeNs, 987_654_321n)).toBeLessThanOrEqual(tolerance)
  }
})

function off(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a
}

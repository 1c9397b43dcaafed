import { fstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { toBytePath } from './byte-path.ts'
import { openAgain } from './open-file.ts'

// A disk that opens a file and then fails cannot be had everywhere: its answer is put in.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return { ...fs, fstatSync: vi.fn(fs.fstatSync) }
})

test('a file whose disk fails after an interruption is not called replaced', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'open-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const at = join(folder, 'a')
  writeFileSync(at, 'a')
  vi.mocked(fstatSync).mockImplementationOnce(() => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' })
  })
  const open = () =>
    openAgain(
      { path: 'a', at: toBytePath(at) },
      { ino: 1n, birthtimeNs: 1n, size: 1n, mtimeNs: 1n, ctimeNs: 1n },
      undefined,
    )
  expect(await open()).toBe('it could not be read on after an interruption (the disk reported a read error (EIO))')
  expect(await open()).toBe('it was replaced while the backup was interrupted')
})

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { mustBeNew, readNamedFile, writeNewFile } from './named-file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'named-file-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => path.join(folder, name)

test('what was written is read, and nothing is written over', () => {
  writeNewFile(at('kit'), 'text', 'The kit', 0o600)
  expect(readNamedFile(at('kit'))).toBe('text')
  expect(statSync(at('kit')).mode & 0o777).toBe(0o600)
  expect(() => mustBeNew(at('kit'), 'The kit')).toThrow(/^The kit could not be written to .*: it is there already/)
  expect(mustBeNew(at('another'), 'The kit')).toBeUndefined()
  expect(() => writeNewFile(at('kit'), 'other', 'The kit')).toThrow(/^The kit could not be written to .*already exists/)
  expect(readNamedFile(at('kit'))).toBe('text')
})

test('what cannot be read or written is a sentence that names it', () => {
  expect(() => readNamedFile(at('none'))).toThrow(`${at('none')} cannot be read: ENOENT`)
  expect(() => writeNewFile(at('no/where'), '', 'The certificate')).toThrow('The certificate could not be written')
})

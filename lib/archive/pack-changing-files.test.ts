import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { expect, test } from 'vitest'
import { type Hooks, LARGE, onFirstRead, packing, SEGMENT, warningOn } from './packing-for-tests.ts'
import { describeTree } from './tree-for-tests.ts'

const { beside, inside, pack, unpackWithTar } = packing()

test('a file that grew: its first bytes are kept', async () => {
  const path = inside('log')
  writeFileSync(path, 'a'.repeat(LARGE))
  const { items, tar } = await pack(onFirstRead('log', () => appendFileSync(path, 'b'.repeat(1000))))
  expect(warningOn(items, 'log')).toBe(`it grew while it was read: the backup holds its first ${LARGE} bytes`)
  expect(unpackWithTar(tar)['./log']).toContain(`${LARGE} bytes`)
})

test('a file that shrank: the rest is zeros and what follows is whole', async () => {
  const path = inside('log')
  writeFileSync(path, 'a'.repeat(LARGE))
  writeFileSync(inside('next'), 'next')
  const { items, tar } = await pack(onFirstRead('log', () => truncateSync(path, SEGMENT)))
  expect(warningOn(items, 'log')).toMatch(/^it shrank from 327680 to \d+ bytes while it was read, the rest is zeros$/)
  expect(warningOn(items, 'next')).toBeUndefined()
  const restored = unpackWithTar(tar)
  expect(restored['./log']).toContain(`${LARGE} bytes`)
  expect(restored['./next']).toBe(describeTree(inside())['./next'])
})

test('a file that changed and kept its size: said', async () => {
  const path = inside('database')
  writeFileSync(path, 'a'.repeat(LARGE))
  utimesSync(path, 1, 1)
  const { items } = await pack(onFirstRead('database', () => writeFileSync(path, 'b'.repeat(LARGE), { flag: 'r+' })))
  expect(warningOn(items, 'database')).toMatch(/^it changed while it was read/)
})

test('a file that changed and pretends that it did not: said', async () => {
  const path = inside('database')
  writeFileSync(path, 'a'.repeat(LARGE))
  utimesSync(path, 1, 1)
  const change = () => {
    writeFileSync(path, 'b'.repeat(LARGE), { flag: 'r+' })
    utimesSync(path, 1, 1)
  }
  const { items } = await pack(onFirstRead('database', change))
  expect(warningOn(items, 'database')).toMatch(/^it changed while it was read/)
})

// The filter is asked after a folder was listed and before what it lists is opened.
const justBefore = (path: string, act: () => void): Hooks => ({
  filter: (asked) => {
    if (asked === path) act()
    return 'take'
  },
})

test('a file that vanished: left out and said', async () => {
  writeFileSync(inside('a'), 'a')
  writeFileSync(inside('b'), 'b')
  const { items, tar } = await pack(justBefore('a', () => unlinkSync(inside('a'))))
  expect(items.find((item) => item.path === 'a')).toEqual({
    type: 'skipped',
    path: 'a',
    warning: 'it vanished (ENOENT)',
  })
  expect(Object.keys(unpackWithTar(tar))).toEqual(['.', './b'])
})

test('a file that became a link: not followed', async () => {
  writeFileSync(beside('secret'), 'secret')
  writeFileSync(inside('a'), 'a')
  const swap = () => {
    unlinkSync(inside('a'))
    symlinkSync(beside('secret'), inside('a'))
  }
  const { items, tar } = await pack(justBefore('a', swap))
  expect(warningOn(items, 'a')).toBe('it was replaced by a link while it was read (ELOOP)')
  expect(tar.includes('secret')).toBe(false)
})

test('a file that became a pipe: not waited for', async () => {
  writeFileSync(inside('a'), 'a')
  const swap = () => {
    unlinkSync(inside('a'))
    execFileSync('mkfifo', [inside('a')])
  }
  expect(warningOn((await pack(justBefore('a', swap))).items, 'a')).toBe(
    'it was replaced by a named pipe while it was read',
  )
})

test.skipIf(process.platform !== 'linux')(
  'a file that lies in a folder that became a link: still the folder’s own',
  async () => {
    mkdirSync(inside('folder'))
    writeFileSync(inside('folder/a'), 'mine')
    mkdirSync(beside('elsewhere'))
    writeFileSync(beside('elsewhere/a'), 'secret')
    const swap = () => {
      renameSync(inside('folder'), beside('moved'))
      symlinkSync(beside('elsewhere'), inside('folder'))
    }
    const { items, tar } = await pack(justBefore('folder/a', swap))
    expect(warningOn(items, 'folder/a')).toBeUndefined()
    expect(tar.includes('mine')).toBe(true)
    expect(tar.includes('secret')).toBe(false)
  },
)

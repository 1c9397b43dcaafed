import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { offeredSources, resolveSource, resolveTarget } from './folders.ts'

let folder: string
const at = (...names: string[]) => path.join(folder, ...names)
const roots = (changes: Partial<Parameters<typeof resolveSource>[0]> = {}) => ({
  dataDir: at('data'),
  sourceRoots: [at('sources'), at('data', 'sample')],
  restoreRoots: [at('restores'), at('data', 'restores')],
  ...changes,
})
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'vault-folders-')))
  for (const name of ['sources/one/deep', 'sources/two', 'data/sample/a', 'data/secrets', 'elsewhere/sub', 'restores'])
    mkdirSync(at(name), { recursive: true })
  writeFileSync(at('sources/file'), 'x')
  writeFileSync(at('elsewhere/file'), 'x')
  symlinkSync(at('elsewhere'), at('sources/out'))
  symlinkSync('one', at('sources/in'))
  symlinkSync('nowhere', at('sources/broken'))
  symlinkSync('loop', at('sources/loop'))
  symlinkSync(at('elsewhere'), at('restores/out'))
  symlinkSync(at('data'), at('elsewhere/to-data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function codeOf(run: () => string): string {
  try {
    return run()
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

describe('what may be backed up', () => {
  const source = (value: string, from: 'page' | 'host' = 'page', changes = {}) =>
    codeOf(() => resolveSource(roots(changes), value, from))

  test('a root, what is below it, and a link that stays inside', () => {
    for (const from of ['page', 'host'] as const) {
      expect(source(at('sources'), from)).toBe(at('sources'))
      expect(source(at('sources/one/deep'), from)).toBe(at('sources/one/deep'))
      expect(source(`${at('sources')}/two/../one/`, from)).toBe(at('sources/one'))
      expect(source(at('sources/in'), from)).toBe(at('sources/one'))
      expect(source(at('data/sample/a'), from)).toBe(at('data/sample/a'))
    }
  })

  test.each([
    ['elsewhere'],
    ['sources/../elsewhere'],
    ['sources/out'],
    ['sources/out/sub'],
    ['sources/one/../../elsewhere/sub'],
    ['sources/..'],
    ['sources-not'],
    [''],
  ])('a page cannot lead out of the roots: %s', (name) => {
    mkdirSync(at('sources-not'))
    expect(source(`${folder}/${name}`)).toBe('denied')
  })

  test('the whole file system, and relative paths, are not below a root', () => {
    for (const value of ['/', '.', '..', 'sources/one', '/etc', '~'])
      expect(['denied', 'not-found']).toContain(source(value))
  })

  test('whoever may run commands here may name other folders', () => {
    expect(source(at('elsewhere'), 'host')).toBe(at('elsewhere'))
    expect(source(at('sources/out/sub'), 'host')).toBe(at('elsewhere/sub'))
  })

  test('the console’s own data is never backed up: not it, not what holds it, not what is in it', () => {
    for (const from of ['page', 'host'] as const) {
      for (const name of ['data', 'data/secrets', 'elsewhere/to-data', 'elsewhere/to-data/secrets'])
        expect(`${name} ${source(at(name), from)}`).toBe(`${name} denied`)
      expect(source(folder, from)).toBe('denied')
      expect(source('/', from)).toBe('denied')
      // Not even when a root holds the data folder, or is it.
      for (const root of [folder, '/', at('data')])
        for (const name of ['.', 'data', 'data/secrets'])
          expect(`${root} ${name} ${source(at(name), from, { sourceRoots: [root] })}`).toBe(`${root} ${name} denied`)
    }
    expect(source(at('elsewhere'), 'page', { sourceRoots: [folder] })).toBe(at('elsewhere'))
  })

  test('what is no folder', () => {
    expect(source(at('sources/file'))).toBe('invalid')
    expect(source(at('sources/file/below'))).toBe('invalid')
    expect(source(at('sources/missing'))).toBe('not-found')
    expect(source(at('sources/broken'))).toBe('not-found')
    expect(source(at('sources/loop'))).toBe('denied')
    expect(source(`${at('sources/one')}\0/../../elsewhere`)).toBe('invalid')
    expect(source(at('sources', 'x'.repeat(300)))).toBe('denied')
  })

  test('the page offers roots and the folders in them, not files and links', () => {
    const offered = offeredSources({ sourceRoots: [at('sources'), at('missing')] })
    expect(offered.map((one) => one.path)).toEqual([at('sources'), at('sources/one'), at('sources/two')])
  })
})

describe('where a restore may go', () => {
  const target = (value: string, from: 'page' | 'host' = 'page', changes = {}) =>
    codeOf(() => resolveTarget(roots(changes), value, from))

  test('a new folder below a root, by its name or its path', () => {
    expect(target('new')).toBe(at('restores/new'))
    expect(target(at('restores/new'))).toBe(at('restores/new'))
    mkdirSync(at('restores/group'))
    expect(target('group/new')).toBe(at('restores/group/new'))
    mkdirSync(at('restores/empty'))
    expect(target('empty')).toBe(at('restores/empty'))
    expect(target('name with ünïcode')).toBe(at('restores/name with ünïcode'))
    expect(readdirSync(at('restores')).sort()).toEqual(['empty', 'group', 'out'])
  })

  test('a root that is not there yet is made, readable by its owner only', () => {
    expect(target(at('data/restores/new'))).toBe(at('data/restores/new'))
    expect(readdirSync(at('data')).sort()).toEqual(['restores', 'sample', 'secrets'])
  })

  test.each(['..', '../elsewhere/new', '/', '.', 'out/new', 'out', 'x/../../elsewhere/new'])(
    'a page cannot lead out of the roots: %s',
    (value) => {
      mkdirSync(at('restores/x'))
      expect(['denied', 'conflict']).toContain(target(value))
      expect(readdirSync(at('elsewhere')).sort()).toEqual(['file', 'sub', 'to-data'])
    },
  )

  test('neither a root itself, nor anywhere else on this machine', () => {
    expect(target(at('restores'))).toBe('denied')
    expect(target(at('elsewhere/new'))).toBe('denied')
    expect(target('/tmp/new')).toBe('denied')
    expect(target(at('elsewhere/new'), 'host')).toBe(at('elsewhere/new'))
  })

  test('never into the console’s own data, not even when a root holds it', () => {
    for (const from of ['page', 'host'] as const) {
      expect(target(at('data/new'), from)).toBe('denied')
      expect(target(at('data/secrets/new'), from)).toBe('denied')
      expect(target(at('elsewhere/to-data/new'), from)).toBe('denied')
      for (const root of [folder, at('data')])
        expect(target(at('data/secrets/new'), from, { restoreRoots: [root] })).toBe('denied')
    }
  })

  test('nothing that is there is written over', () => {
    mkdirSync(at('restores/full'))
    writeFileSync(at('restores/full/.hidden'), '')
    writeFileSync(at('restores/file'), '')
    symlinkSync('nowhere', at('restores/broken'))
    mkdirSync(at('elsewhere/empty'))
    symlinkSync(at('elsewhere/empty'), at('restores/to-empty'))
    for (const name of ['full', 'file', 'broken', 'to-empty', 'out'])
      expect(`${name} ${target(name)}`).toBe(`${name} conflict`)
  })

  const mounted = emptyMount()
  test.skipIf(mounted === undefined)('the folder of a disk, which nothing can take the place of', () => {
    expect(() => resolveTarget(roots(), mounted ?? '', 'host')).toThrow('is where a disk is mounted')
    expect(resolveTarget(roots(), mounted ?? '', 'host', true)).toBe(mounted)
  })

  test('what cannot be a folder’s name, and what has no folder to be in', () => {
    expect(target('nul\0')).toBe('invalid')
    expect(target('nul\0/new')).toBe('invalid')
    expect(target('missing/new')).toBe('not-found')
    writeFileSync(at('restores/file'), '')
    expect(target('file/new')).toBe('invalid')
  })

  // Root reads everything, whatever its mode.
  test.skipIf(process.getuid?.() === 0)('a folder that may not be read is a refusal', () => {
    mkdirSync(at('restores/closed'))
    chmodSync(at('restores/closed'), 0)
    expect(target('closed')).toBe('denied')
    chmodSync(at('restores/closed'), 0o700)
  })
})

/** Most machines have one, such as /dev/mqueue. */
function emptyMount(): string | undefined {
  const places = existsSync('/proc/self/mountinfo') ? readFileSync('/proc/self/mountinfo', 'utf8').split('\n') : []
  return places
    .map((line) => line.split(' ')[4] ?? '')
    .find((place) => {
      try {
        return readdirSync(place).length === 0 && statSync(place).dev !== statSync(path.dirname(place)).dev
      } catch {
        return false
      }
    })
}

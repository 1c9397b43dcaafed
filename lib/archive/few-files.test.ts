import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const walk = `
  import { openFolder } from '#lib/archive/open-folder.ts'
  import { walkTree } from '#lib/archive/walk-tree.ts'
  try {
    for (const found of walkTree(openFolder(process.argv[1]))) if (found.type === 'skipped') console.log(found.warning)
    console.log('walked')
  } catch (error) {
    console.log(error.code + ': ' + error.message)
  }`

test('a process that may open no more files leaves nothing out of a backup: it gives up', () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'few-files-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(path.join(folder, ...Array<string>(100).fill('d')), { recursive: true })
  const walked = (limit: number) => {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', walk, folder]
    const options = { cwd: path.join(import.meta.dirname, '..', '..'), encoding: 'utf8' } as const
    return spawnSync('sh', ['-c', `ulimit -n ${limit} && exec "$0" "$@"`, ...node], options).stdout.trim()
  }
  expect(walked(64)).toMatch(
    /^unavailable: The source could not be read on at “d(\/d)+”: too many files are open \(EMFILE\)\.$/,
  )
  expect(walked(256)).toBe('walked')
})

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failureOf, Workbench } from './backup-for-tests.ts'
import { restoreBackup } from './restore-backup.ts'
import { prepareTarget } from './restore-target.ts'

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

test.each([true, false])('a disk without room: nothing is made (a folder that is there stays: %s)', (isThere) => {
  const target = bench.newTarget()
  if (isThere) mkdirSync(target)
  expect(() => prepareTarget(target, target, Number.MAX_SAFE_INTEGER, undefined)).toThrow(/free; this backup needs/)
  expect(existsSync(target)).toBe(isThere)
})

test('a restore that fails before its first file leaves no folder; after it, what came', async () => {
  writeFileSync(join(bench.source, 'a'), 'first')
  writeFileSync(join(bench.source, 'b'), Buffer.alloc(200_000, 'second'))
  await bench.backUp('whole')
  const reading = async (mayRead: (name: string) => boolean, overwrite?: 'never') => {
    const backup = await bench.open('whole')
    const read: typeof backup.store.read = (name, ...more) =>
      mayRead(name) ? backup.store.read(name, ...more) : Promise.reject(new Error('cut off'))
    const store = Object.assign(Object.create(backup.store), { read })
    const target = bench.newTarget()
    expect(await failureOf(restoreBackup({ backup: { ...backup, store }, target, overwrite }))).toMatchObject({
      message: 'cut off',
    })
    return target
  }
  for (const overwrite of [undefined, 'never'] as const)
    expect(existsSync(await reading((name) => !name.includes('/segments/'), overwrite))).toBe(false)
  const begun = await reading((name) => !name.includes('/segments/') || /\/0+$/.test(name))
  expect(readdirSync(begun)).toContain('a')
})

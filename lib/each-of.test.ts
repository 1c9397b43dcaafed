import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eachOf } from './each-of.ts'

test('each item once, in order, and never more at once than allowed', async () => {
  const begun: number[] = []
  let now = 0
  let most = 0
  await eachOf([...Array(10).keys()], 3, async (item) => {
    begun.push(item)
    most = Math.max(most, ++now)
    for (let turns = item % 4; turns >= 0; turns -= 1) await turn()
    now -= 1
  })
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(most).toBe(3)
})

test('fewer items than may be under way, and none', async () => {
  const begun: string[] = []
  for (const items of [['a'], []]) await eachOf(items, 8, async (item) => void begun.push(item))
  expect(begun).toEqual(['a'])
})

test('after the first error nothing more is begun', async () => {
  const begun: number[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const all = eachOf([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item)
    if (item === 1) throw new Error('no')
    await held
  })
  await expect(all).rejects.toThrow('no')
  release()
  for (let turns = 0; turns < 5; turns += 1) await turn()
  expect(begun).toEqual([1, 2])
})

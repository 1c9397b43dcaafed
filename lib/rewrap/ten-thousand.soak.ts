import { expect, test } from 'vitest'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { rewrapMany } from './rewrap-many-for-tests.ts'

test('10,000 backups get another key in minutes; the old one is deleted, and 200 of them restore identical', async () => {
  const { seed, runs } = soakSize('Backups that get another key', 10_000)
  const figures = await rewrapMany({ backups: runs, whole: Math.ceil(runs / 50), restored: Math.ceil(runs / 50), seed })
  console.log(JSON.stringify(figures))
  expect(figures.rewrapSeconds).toBeLessThan(30 * 60)
}, 7_200_000)

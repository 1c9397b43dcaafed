import { expect, test } from 'vitest'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { killRewraps } from './kills-for-tests.ts'

test('a re-wrap is killed at every step, 200 times, with KMS throttled, refused or gone in the middle', async () => {
  const { seed, runs } = soakSize('Kills of a re-wrap', 200)
  const figures = await killRewraps({ kills: runs, seed })
  console.log(JSON.stringify(figures))
  expect(figures.killed).toBeGreaterThan(runs / 2)
}, 7_200_000)

import { expect, test } from 'vitest'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { rewrapMeanwhile } from './at-once-for-tests.ts'

test('a restore, a backup and a re-wrap of the same backup at once, 200 times: none fails for that', async () => {
  const { seed, runs } = soakSize('Restore, backup and re-wrap at once', 200)
  const figures = await rewrapMeanwhile({ runs, seed })
  console.log(JSON.stringify(figures))
  expect(figures.runs).toBe(runs)
}, 7_200_000)

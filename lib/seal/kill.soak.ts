import { expect, test } from 'vitest'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { killSeals } from './kills-for-tests.ts'

test('byok seal migrate, rewrap and rotate-root are killed at 40 random steps', async () => {
  const { seed, runs } = soakSize('Kills of byok seal', 40)
  const figures = await killSeals({ kills: runs, seed })
  console.log(JSON.stringify(figures))
  expect(figures.killed).toBeGreaterThan(runs / 2)
})

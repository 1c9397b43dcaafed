import { expect, test } from 'vitest'
import { killSeals } from './kills-for-tests.ts'

test('byok seal killed at two of its steps: one seal or the other opens everything, and the next run finishes', async () => {
  const seed = 11
  const { killed } = await killSeals({ kills: 2, seed })
  expect(killed, `seed ${seed}`).toBeGreaterThan(0)
}, 300_000)

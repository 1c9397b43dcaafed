import { expect, test } from 'vitest'
import { killSeals } from './kills-for-tests.ts'

// The campaign is kill.soak.ts.
test('a killed byok seal command leaves the old seal or the new one working, and can be run again', async () => {
  const { killed } = await killSeals({ kills: 2, seed: 20261122 })
  expect(killed).toBeGreaterThan(0)
}, 120_000)

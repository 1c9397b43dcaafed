import { expect, test } from 'vitest'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { sequences } from './sequence-for-tests.ts'

test('long random sequences of everything that a console can be asked for', async () => {
  const { seed, runs } = soakSize('Sequences', 60)
  const counts = await sequences({ seed, runs, steps: 60, lanes: 3 })
  console.log(JSON.stringify(counts))
  expect(counts.backUp).toBeGreaterThan(runs)
})

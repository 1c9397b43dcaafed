import { expect, test } from 'vitest'
import { sequences } from './sequence-for-tests.ts'

// Hundreds, each longer: npm run test:soak
test('whatever a console is asked for, one thing after another and at once, no byte is lost and none is left', async () => {
  const counts = await sequences({ seed: 4, runs: 2, steps: 15, lanes: 2 })
  expect(counts.backUp).toBeGreaterThan(5)
}, 300_000)

test('an older database is put back, and a newer catalogue imported: what either knew comes back', async () => {
  const counts = await sequences({ seed: 393, runs: 1, steps: 12, lanes: 1 })
  expect(counts).toMatchObject({ putBack: 2, exportAll: 1, importOlder: 1 })
}, 300_000)

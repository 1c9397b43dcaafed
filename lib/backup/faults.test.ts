import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { faultCampaign } from './faults-for-tests.ts'

beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterAll(() => void vi.restoreAllMocks())

// faults.soak.ts has 300, with faults that last.
test('four backups among faults end complete and identical, or with a sentence', async () => {
  const outcomes = await faultCampaign({ seed: 5, runs: 4, lanes: 2, lasting: false })
  expect(outcomes['backup complete']).toBeGreaterThan(0)
  // An error that is no AppError is one that nobody has thought of.
  expect(vi.mocked(console.error).mock.calls.filter(([said]) => said instanceof Error)).toEqual([])
}, 120_000)

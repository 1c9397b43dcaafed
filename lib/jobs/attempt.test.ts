import { afterEach, expect, test, vi } from 'vitest'
import { watchClaim } from './attempt.ts'

afterEach(() => void vi.restoreAllMocks())

test('of a row that cannot be asked each cause is in the log once, and again after an answer', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const answers = ['away', 'away', 'the disk is full', 'away', 'the disk is full', undefined, 'away', undefined]
  let asked = 0
  const watch = watchClaim({ part: 'backup', id: '4711' }, 1, new AbortController().signal, async () => {
    const answer = answers[asked]
    asked += 1
    if (answer !== undefined) throw new Error(answer)
    return undefined
  })
  await expect.poll(() => asked).toBeGreaterThanOrEqual(answers.length)
  await watch.stop()
  const said = logged.mock.calls.map(([line]) => /away|full/.exec(String(line))?.[0])
  expect(said).toEqual(['away', 'full', 'away'])
})

import { expect, test, vi } from 'vitest'
import { log } from './log.ts'

test('one line of JSON on standard error, whatever the message holds', () => {
  const lines = vi.spyOn(console, 'error').mockImplementation(() => {})
  log('warning', 'clean-up', 'It said:\n"no"', { backup: 'b1' })
  log('info', 'seal', 'Unsealed.')
  expect(lines.mock.calls).toEqual([
    ['{"level":"warning","part":"clean-up","backup":"b1","message":"It said:\\n\\"no\\""}'],
    ['{"level":"info","part":"seal","message":"Unsealed."}'],
  ])
  lines.mockRestore()
})

import { afterEach, expect, test, vi } from 'vitest'
import { failureOf } from '#lib/backup/backup-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { Cancelled } from './attempt.ts'
import { afterFailure } from './end-attempt.ts'

afterEach(() => void vi.restoreAllMocks())

test('an error that nobody expected is in the log though the row does not take it', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const unexpected = new TypeError('x is undefined')
  const away = new Error('the database is gone')
  const fail = vi.fn(async () => {
    throw away
  })
  const row = { part: 'backup', id: '4711', again: true, signal: new AbortController().signal }
  expect(await failureOf(afterFailure(unexpected, { ...row, fail }))).toBe(away)
  expect(fail).toHaveBeenCalledExactlyOnceWith('x is undefined')
  expect(logged).toHaveBeenCalledExactlyOnceWith(unexpected)
})

test.each(['wait', 'fail', 'cancel'] as const)(
  'what the database refuses of %s is in the log: it begins again',
  async (end) => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const away = new Error('Connection terminated unexpectedly')
    const refuse = async () => {
      throw away
    }
    const row = { part: 'backup', id: '4711', again: true, signal: new AbortController().signal }
    const thrown = {
      wait: new AppError('unreachable', 'An outage.'),
      fail: new AppError('denied', 'No.'),
      cancel: new Cancelled(),
    }[end]
    expect(await failureOf(afterFailure(thrown, { ...row, fail: async () => {}, [end]: refuse }))).toBe(away)
    expect(logged).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('It begins again: The console’s database'))
    // Bytes that come once are not tried again.
    logged.mockClear()
    if (end !== 'wait') await failureOf(afterFailure(thrown, { ...row, again: false, fail: refuse, [end]: refuse }))
    expect(logged).not.toHaveBeenCalled()
  },
)

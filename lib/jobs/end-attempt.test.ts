import { afterEach, expect, test, vi } from 'vitest'
import { failureOf } from '#lib/backup/backup-for-tests.ts'
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

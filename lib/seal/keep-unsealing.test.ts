import { expect, test, vi } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { openWhenUnsealed, pauseBeforeTry, type SealedState } from './keep-unsealing.ts'

test('tries are never more than 15 s apart in the first ten minutes, and at most a minute later', () => {
  let sealedMs = 0
  let tries = 0
  const pauses: number[] = []
  for (; sealedMs < 3_600_000; tries += 1) {
    const pause = pauseBeforeTry(tries, sealedMs)
    if (sealedMs < 600_000) expect(pause).toBeLessThanOrEqual(15_000)
    expect(pause).toBeLessThanOrEqual(60_000)
    pauses.push(pause)
    sealedMs += pause
  }
  expect(pauses.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
  expect(pauses.at(-1)).toBe(60_000)
})

test('it opens by itself at the first try that works, tells each state, and logs a change once', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const states: (SealedState | undefined)[] = []
  let tries = 0
  const opened = await openWhenUnsealed(
    async () => {
      tries += 1
      if (tries <= 2) throw new AppError('sealed', 'The key does not answer.')
      return 'open'
    },
    (state) => states.push(state),
  )
  expect(opened).toBe('open')
  expect(states.map((state) => state?.error.message)).toEqual([
    'The key does not answer.',
    'The key does not answer.',
    undefined,
  ])
  expect(states[0]?.since).toEqual(states[1]?.since)
  expect(log.mock.calls.map(([line]) => JSON.parse(line).message)).toEqual([
    'The key does not answer.',
    'Unsealed after 2 tries.',
  ])
  log.mockRestore()
})

test('what is no seal is thrown at once', async () => {
  const error = new AppError('invalid', 'No such seal.')
  await expect(
    openWhenUnsealed(
      () => Promise.reject(error),
      () => undefined,
    ),
  ).rejects.toBe(error)
})

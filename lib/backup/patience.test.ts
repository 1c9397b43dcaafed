import { expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { patiently } from './patience.ts'

const quick = { tries: 4, firstDelayMs: 1, longestDelayMs: 2 }
const never = new AbortController().signal

test('tries again what may pass, and says so', async () => {
  let calls = 0
  const retries: string[] = []
  const run = async () => {
    calls += 1
    if (calls < 4) throw new AppError('unreachable', `try ${calls}`)
    return 'done'
  }
  expect(await patiently(run, quick, never, ({ message }) => retries.push(message))).toBe('done')
  expect(retries).toEqual(['try 1', 'try 2', 'try 3'])
})

test('gives up after its tries, with the last error', async () => {
  let calls = 0
  const run = async () => {
    calls += 1
    throw new AppError('unreachable', `try ${calls}`)
  }
  await expect(patiently(run, quick, never)).rejects.toThrow('try 4')
})

test('does not try again what will not pass, nor what nobody expected', async () => {
  for (const error of [new AppError('denied', 'no'), new TypeError('a bug')]) {
    let calls = 0
    const run = async () => {
      calls += 1
      throw error
    }
    await expect(patiently(run, quick, never)).rejects.toBe(error)
    expect(calls).toBe(1)
  }
})

test('is stopped while it waits', async () => {
  const controller = new AbortController()
  const run = async () => {
    setImmediate(() => controller.abort(new Error('stopped by hand')))
    throw new AppError('unreachable', 'away')
  }
  const hour = { tries: 2, firstDelayMs: 3_600_000, longestDelayMs: 3_600_000 }
  await expect(patiently(run, hour, controller.signal)).rejects.toThrow('stopped by hand')
})

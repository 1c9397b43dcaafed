import { expect, test, vi } from 'vitest'
import { AppError, messageOf } from './errors.ts'

test('an error of another copy of the class is one, too: Next loads it for pages and for route handlers', async () => {
  vi.resetModules()
  const other = await import('./errors.ts')
  expect(other.AppError).not.toBe(AppError)
  const thrown = new other.AppError('denied', 'It was refused.', { fix: 'Ask.' })
  expect(thrown).toBeInstanceOf(AppError)
  expect(messageOf(thrown)).toBe('It was refused. Ask.')
})

test('nothing else is one', () => {
  for (const value of [new Error('x'), { code: 'denied' }, 'denied', null, undefined])
    expect(value instanceof AppError).toBe(false)
})

import { expect, test } from 'vitest'
import { toneOfCall } from './tone-of-call.ts'

const call = (service: string, operation: string, status: number, code?: string) =>
  toneOfCall({ service, operation, status, code })

test('what a good check is answered does not look wrong', () => {
  expect(call('s3', 'PutObject', 200)).toBe('ok')
  expect(call('s3', 'PutObject', 412, 'PreconditionFailed')).toBe('idle')
  expect(call('s3', 'GetObject', 404, 'NoSuchKey')).toBe('idle')
  expect(call('s3', 'HeadObject', 404)).toBe('idle')
})

test('what is wrong does', () => {
  expect(call('s3', 'PutObject', 404, 'NoSuchBucket')).toBe('bad')
  expect(call('s3', 'HeadBucket', 404)).toBe('bad')
  expect(call('s3', 'PutObject', 403, 'AccessDenied')).toBe('bad')
  expect(call('s3', 'PutObject', 503, 'SlowDown')).toBe('bad')
  expect(call('kms', 'Encrypt', 400, 'DisabledException')).toBe('bad')
  expect(call('kms', 'Encrypt', 404)).toBe('bad')
})

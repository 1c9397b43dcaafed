import { expect, test } from 'vitest'
import { faultOf, isOnTheWay, throttledBy } from '#lib/aws/fault.ts'
import { answered } from '#lib/aws/fault-for-tests.ts'
import { bucketFailures } from './bucket-failures-for-tests.ts'
import { bucketRefusals } from './bucket-refusals-for-tests.ts'
import { callerFailures } from './caller-failures-for-tests.ts'
import { kms, s3, sts } from './failure-row-for-tests.ts'
import { keyFailures } from './key-failures-for-tests.ts'
import { outages } from './outages-for-tests.ts'

// Every failure that the key check knows, by what AWS or the network says: each has one cause, one place where it is
// changed, and one fix, and no two of them are told alike. Texts of AWS: reference answers on record and its documents.

const rows = [...keyFailures, ...bucketFailures, ...bucketRefusals, ...callerFailures, ...outages]

test.each(rows)('%s', (_, error, diagnose, title, who) => {
  const fault = faultOf(error)
  const diagnosis = diagnose(fault)
  expect({ title: diagnosis.title, who: diagnosis.who }).toEqual({ title, who })
  for (const text of [diagnosis.detail, diagnosis.cause, diagnosis.fix]) {
    expect(text).toMatch(/\S/)
    expect(text).not.toMatch(/undefined|NaN|\[object/)
  }
  // An outage is no refusal, and a refusal no outage.
  expect(/refused/.test(title)).toBe(fault.kind === 'refused' && /refused/.test(title))
  expect(/throttles requests/.test(title)).toBe(throttledBy(fault) !== undefined)
  expect(/could not be reached/.test(title)).toBe(isOnTheWay(fault) && !throttledBy(fault))
})

test('there are at least sixty, and no two are told alike', () => {
  const told = rows.map(([, error, diagnose]) => {
    const { title, cause, who, fix } = diagnose(faultOf(error))
    return JSON.stringify([title, cause, who, fix])
  })
  expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length)
  expect(new Set(told).size).toBe(rows.length)
  expect(rows.length).toBeGreaterThanOrEqual(60)
})

test('who throttles without S3’s word may be another store than AWS’s: nothing is told of AWS alone', () => {
  const { detail, cause, fix } = s3()(faultOf(answered(429, 'TooManyRequests', '')))
  expect(`${detail} ${cause}`).not.toMatch(/AWS|S3/)
  expect(fix).toContain('other stores have limits of their own')
})

test.each([
  ['KMS', kms(), 400, 'SomethingNobodyHasSeenYet', 'A message with “quotes” and 100 % of it'],
  ['KMS', kms(), 400, 'ValidationException', "1 validation error detected: Value at 'plaintext' failed"],
  ['S3', s3(), 400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration'],
  ['S3', s3(), 418, 'Teapot', 'short and stout'],
  ['STS', sts, 400, 'NotKnownHere', 'whatever'],
] as const)(
  'an answer of %s that is not known is shown whole, and nobody is sent anywhere',
  (_, diagnose, status, code, message) => {
    const diagnosis = diagnose(faultOf(answered(status, code, message)))
    expect(diagnosis.detail).toContain(`answered ${code}: ${message}`)
    expect(diagnosis.cause).toBe('This answer is not one this console knows, so it does not guess.')
    expect([diagnosis.who, diagnosis.remedies]).toEqual([undefined, undefined])
  },
)

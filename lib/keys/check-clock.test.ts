import { expect, test } from 'vitest'
import { faultOf } from '#lib/aws/fault.ts'
import { answered } from '#lib/aws/fault-for-tests.ts'
import { checkClock, clockRefused } from './check-clock.ts'

test.each([
  [undefined, 'skipped', /told the time/],
  [0, 'passed', /To the second/],
  [-1499, 'passed', /To the second/],
  [59_400, 'passed', /59 seconds apart/],
  [60_000, 'warning', /60 seconds ahead of AWS/],
  [-90_000, 'warning', /90 seconds behind AWS/],
  [600_000, 'warning', /10 minutes ahead of AWS/],
])('%s ms: %s', (offset, status, words) => {
  const check = checkClock(offset)
  expect(check.status).toBe(status)
  expect(check.detail).toMatch(words)
  expect(check.fix !== undefined).toBe(status === 'warning')
})

test('what AWS refuses for its time fails, and says by how much', () => {
  const message = 'Signature expired: 20261121T000000Z is now earlier than 20261121T001000Z (20261121T001500Z - 5 min.)'
  const check = clockRefused(faultOf(answered(400, 'InvalidSignatureException', message)), -900_000)
  expect(check).toMatchObject({ status: 'failed', who: 'clock', cause: message, awsCode: 'InvalidSignatureException' })
  expect(check.detail).toContain('15 minutes')
})

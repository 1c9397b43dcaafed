import { expect, test } from 'vitest'
import { shortenArn } from './shorten-arn.ts'

test.each([
  ['arn:aws:kms:us-west-2:444455556666:key/7c1e5a10-0000-4000-8000-0000000002aa', 'arn:…:key/7c1e…02aa'],
  ['arn:aws:kms:us-west-2:444455556666:key/mrk-0123456789abcdef0123456789abcdef', 'arn:…:key/mrk-…cdef'],
  ['arn:aws-us-gov:kms:us-gov-west-1:444455556666:alias/archive', 'arn:…:alias/archive'],
  ['alias/archive', 'alias/archive'],
  ['7c1e5a10-0000-4000-8000-0000000002aa', '7c1e5a10-0000-4000-8…0000000002aa'],
  ['x'.repeat(2000), `${'x'.repeat(20)}…${'x'.repeat(12)}`],
])('%s reads %s', (arn, short) => {
  expect(shortenArn(arn)).toBe(short)
})

import { expect, test } from 'vitest'
import { suggestKey } from './suggest-key.ts'

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'

test.each([
  ['backups', 'alias/backups'],
  [' "backups" ', 'alias/backups'],
  [`key/${id}`, id],
  [id.toUpperCase(), id],
  [`arn:aws:kms:us-east-1:111122223333:key/${id.toUpperCase()}`, `arn:aws:kms:us-east-1:111122223333:key/${id}`],
  [`arn:aws:kms:cn-north-1:111122223333:key/${id}`, `arn:aws-cn:kms:cn-north-1:111122223333:key/${id}`],
  ['arn:aws:kms:us-gov-west-1:111122223333:alias/x', 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/x'],
  ['arn:aws-cn:kms:eu-west-1:111122223333:alias/x', 'arn:aws:kms:eu-west-1:111122223333:alias/x'],
  [`arn:aws:kms:us-east-1a:111122223333:key/${id}`, `arn:aws:kms:us-east-1:111122223333:key/${id}`],
  ['aws/s3', undefined],
  ['', undefined],
  ['arn:aws:iam::111122223333:role/x', undefined],
  ['not a key', undefined],
])('%j → %s', (typed, meant) => {
  expect(suggestKey(typed)).toBe(meant)
})

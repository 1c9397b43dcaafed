import { expect, test } from 'vitest'
import { suggestKey } from './suggest-key.ts'

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'

test.each([
  ['backups', 'alias/backups'],
  [' "backups" ', 'alias/backups'],
  [`key/${id}`, id],
  [id.toUpperCase(), id],
  [`arn:aws:kms:us-east-1:111122223333:key/${id.toUpperCase()}`, `arn:aws:kms:us-east-1:111122223333:key/${id}`],
  ['aws/s3', undefined],
  ['', undefined],
  ['arn:aws:iam::111122223333:role/x', undefined],
  ['not a key', undefined],
])('%j → %s', (typed, meant) => {
  expect(suggestKey(typed)).toBe(meant)
})

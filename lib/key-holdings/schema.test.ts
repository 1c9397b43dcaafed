import { expect, test } from 'vitest'
import { arnOfPath, keyPath } from './schema.ts'

const uuid = '1234abcd-12ab-34cd-56ef-1234567890ab'

test.each([
  [`arn:aws:kms:us-east-1:111122223333:key/${uuid}`, `/keys/us-east-1/111122223333/${uuid}`],
  [
    'arn:aws-cn:kms:cn-north-1:444455556666:key/mrk-1234abcd12ab34cd56ef1234567890ab',
    '/keys/cn-north-1/444455556666/mrk-1234abcd12ab34cd56ef1234567890ab',
  ],
])('%s has an address, and the address leads back', (arn, path) => {
  expect(keyPath(arn)).toBe(path)
  const [, , region = '', account = '', id = ''] = path.split('/')
  expect(arnOfPath({ region, account, id })).toBe(arn)
})

test('what is no key ARN leads to the list', () => {
  for (const text of ['root-key/1', 'arn:aws:kms:us-east-1:111122223333:alias/backups', '', 'arn:aws:s3:::bucket'])
    expect(keyPath(text)).toBe('/keys')
})

test.each([
  { region: 'us-east-9', account: '111122223333', id: uuid },
  { region: 'us-east-1', account: '1', id: uuid },
  { region: 'us-east-1', account: '111122223333', id: 'rewrap' },
  { region: 'us-east-1', account: '111122223333', id: `${uuid} ` },
  { region: 'us-east-1', account: '111122223333', id: '../../x' },
])('$region/$account/$id is the address of no key', (path) => {
  expect(arnOfPath(path)).toBeUndefined()
})

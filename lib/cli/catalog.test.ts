import { expect, test } from 'vitest'
import { howToImport } from './catalog.ts'

const stored = {
  address: 's3://bucket/a/prefix/ENVIRONMENT/catalog/20260131T120000000Z/',
  time: '20260131T120000000Z',
  environment: 'ENVIRONMENT',
  installation: 'INSTALLATION',
  region: 'eu-west-1',
  backups: 1,
  revisions: 1,
  bytes: 1,
}

test('what is said after an export can be typed where nothing is known', () => {
  const start = 'byok catalog import s3://bucket/a/prefix --environment ENVIRONMENT --region eu-west-1'
  expect(howToImport({ ...stored, method: 'AWS-KMS', keyArns: ['A', 'B'] })).toContain(`${start} --key A --key B`)
  expect(howToImport({ ...stored, method: 'none', keyArns: [] })).toContain(`${start} --allow-unencrypted`)
  // No key that anybody could name opens it.
  const own = howToImport({ ...stored, method: 'AES-256', keyArns: [] })
  expect(own).not.toContain('--environment')
  expect(own).toContain('--recovery-kit')
})

import { expect, test } from 'vitest'
import { checkName, checkReportSchema, verdictOf } from './schema.ts'

// As the first release kept it with a revision: no `keys`, `who`, `remedies` or `kind`, and nine checks.
const stored = `{
  "ok": false,
  "keyArn": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
  "region": "us-east-1",
  "durationMs": 212,
  "checks": [
    { "id": "credentials", "title": "Credentials resolve", "status": "passed", "detail": "arn:aws:iam::111122223333:user/vault", "durationMs": 31 },
    { "id": "key.describe", "title": "Key found", "status": "passed", "detail": "In us-east-1.", "durationMs": 22 },
    { "id": "key.usable", "title": "Key enabled, symmetric, for encrypting", "status": "passed", "detail": "Enabled.", "durationMs": 0 },
    { "id": "key.encrypt", "title": "Encrypt", "status": "passed", "detail": "32 bytes.", "durationMs": 20 },
    {
      "id": "key.decrypt", "title": "Decrypt was refused by the key policy", "status": "failed", "kind": "refused",
      "detail": "AWS refused kms:Decrypt.", "cause": "A Deny statement covers it.", "fix": "Remove the Deny.",
      "remedy": { "label": "Key policy statement", "text": "{}" },
      "awsCode": "AccessDeniedException", "awsMessage": "…with an explicit deny", "awsRequestId": "1-2-3", "durationMs": 19
    },
    { "id": "key.context", "title": "Wrong context is refused", "status": "skipped", "detail": "Needs Decrypt.", "durationMs": 0 },
    { "id": "bucket.write", "title": "Write an object", "status": "passed", "detail": "1 byte.", "durationMs": 40 },
    { "id": "bucket.read", "title": "Read it back", "status": "passed", "detail": "The same.", "durationMs": 30 },
    { "id": "bucket.delete", "title": "Delete it", "status": "passed", "detail": "Gone.", "durationMs": 30 }
  ]
}`

test('a report from before further keys, remedies and outages is read whole, and means the main key', () => {
  const report = checkReportSchema.parse(JSON.parse(stored))
  expect(report).toEqual(JSON.parse(stored))
  expect(verdictOf(report)).toBe('failed')
  expect(report.checks.map(checkName)).toEqual(report.checks.map(({ id }) => (id.startsWith('key.') ? `${id} 0` : id)))
})

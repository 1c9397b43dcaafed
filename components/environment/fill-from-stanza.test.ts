import { expect, test } from 'vitest'
import { fillFromStanza } from './fill-from-stanza.ts'

const fill = (stanza: object) => fillFromStanza({ disabled: false, unknown: [], ...stanza })
const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

test('Region and key', () => {
  expect(fill({ region: 'us-west-2', kmsKeyId: 'alias/x' })).toEqual({
    values: { region: 'us-west-2', encrypt: true, method: 'AWS-KMS', masterKey: 'alias/x' },
    told: 'Filled in: Region, Master Key.',
  })
})

test('without a Region: the key’s own, or the default that Vault has', () => {
  expect(fill({ kmsKeyId: arn }).values.region).toBe('eu-west-1')
  expect(fill({ kmsKeyId: 'alias/x' })).toMatchObject({
    values: { region: 'us-east-1' },
    told: expect.stringContaining('because the stanza names none'),
  })
})

test('credentials and an endpoint need a bucket of one’s own', () => {
  const { values, told } = fill({ kmsKeyId: arn, accessKey: 'AKIA', secretKey: 'secret', endpoint: 'https://x' })
  expect(values).toMatchObject({
    hosted: false,
    credentials: 'access-key',
    accessKeyId: 'AKIA',
    secretAccessKey: 'secret',
    kmsEndpoint: 'https://x',
  })
  expect(told).toMatch(/name it below/)
  expect(told).not.toContain('secret')
})

test('what is not used is said', () => {
  const { values, told } = fill({ region: 'nowhere', secretKey: 's', disabled: true, unknown: ['priority'] })
  expect(values).toEqual({})
  expect(told).toMatch(/^Nothing to fill in\. “nowhere” is not an AWS Region\. .*no access_key.* disabled.*priority\.$/)
})

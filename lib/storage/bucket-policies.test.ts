import { PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { policyOf } from '#lib/aws/fixes/policy.ts'
import { openTestSandbox, refusal } from '#lib/sandbox/open-test-sandbox.ts'
import { bucketPolicyFor, bucketStatements, versionStatements } from './bucket-policies.ts'

const bucket = 'vault-hosted-us-east-1'
/** What begins a variable of a policy. */
const open = '$'.concat('{')
const variable = `${open}aws:username}`
const place = (folder: string) => ({ bucket, folder, partition: 'aws' })

test('a prefix allows what is below it and nothing else, whatever its characters mean in a policy', async () => {
  const sandbox = await openTestSandbox()
  const folder = `a*b?c$d/${variable}`
  const document = policyOf(...bucketStatements(place(folder)))
  const { arn, ...credentials } = await sandbox.user('console', document)
  const put = async (key: string, as = credentials) =>
    sandbox.s3('us-east-1', as).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: '' }))
  await put(`${folder}/envelope.json`)
  for (const other of [`aXXb?c$d/${variable}`, `a*bXc$d/${variable}`, 'a*b?c$d/console'])
    expect(await refusal(put(`${other}/envelope.json`)), other).toMatchObject({ name: 'AccessDenied' })

  const bare = await sandbox.user('bare', policyOf())
  const statements = bucketStatements(place(folder), bare.arn)
  await sandbox
    .s3()
    .send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policyOf(...statements)) }))
  await put(`${folder}/envelope.json`, bare)
  expect(await refusal(put(`aXXb?c$d/${variable}/envelope.json`, bare))).toMatchObject({ name: 'AccessDenied' })
  await sandbox.close()
})

test('each such character is written as the variable that stands for it', () => {
  const [objects] = bucketStatements(place('a*b?c$d/e'))
  const [versions] = versionStatements(place('a*b?c$d/e'), true)
  const folder = `arn:aws:s3:::${bucket}/a${open}*}b${open}?}c${open}$}d/e/`
  expect([objects?.Resource, versions?.Resource]).toEqual([`${folder}*`, `${folder}*/envelope.json`])
  expect(bucketStatements(place(''))[0]?.Resource).toBe(`arn:aws:s3:::${bucket}/*`)
  const note = (prefix: string) => bucketPolicyFor('arn:x', place(prefix), 'objects').note
  expect([note('a?'), note('a')].map((text) => text?.includes('2012-10-17'))).toEqual([true, false])
})

import path from 'node:path'
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { createAwsClients } from '#lib/aws/clients.ts'
import { keyPath } from '#lib/key-holdings/schema.ts'
import { administrator } from './console.ts'
import { expect, keyOf, saveKey, saveSettings, test } from './fixtures.ts'
import { query } from './people.ts'
import { plantTree } from './tree.ts'

test('old versions that still open with a key are deleted, which is said and keeps the focus', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  const old = keyOf(sandbox, 'us-west-2', 'archive')
  const [account] = sandbox.accounts
  if (!account) throw new Error('The sandbox has no users.')
  const { accessKeyId, secretAccessKey } = account
  const access = { region: old.region, endpoint: sandbox.endpoint, credentials: { accessKeyId, secretAccessKey } }
  const { s3, destroy } = createAwsClients(access, 'interactive')
  // Not the one of other tests: versioning can never be taken back. It stays, as the backup in it does.
  const Bucket = 'with-old-versions'
  try {
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'us-west-2' } }))
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  } finally {
    destroy()
  }
  await saveKey(page, old)
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await page.getByLabel('Label').fill('Ours')
  await page.getByLabel('Bucket').fill(Bucket)
  await saveSettings(page)
  const source = path.join(console.sources, 'old-versions')
  plantTree(source, { files: 2, seed: 5 })
  for (const args of [
    ['backup', 'create', source],
    ['key', 'rewrap', '--from', old.arn, '--to', keyOf(sandbox, 'us-west-2', 'backups').arn],
  ]) {
    const { code, stderr } = await console.byok(args)
    expect(code, stderr).toBe(0)
  }
  // The settings need the old key no more.
  await saveKey(page, keyOf(sandbox, 'us-west-2', 'backups'))

  await page.goto(`${keyPath(old.arn)}/retire`)
  await page.getByRole('button', { name: 'Prove it' }).click()
  const card = page.getByRole('region', { name: 'Old versions in the bucket' })
  await expect(card).toContainText('1 old version of envelopes')
  // As where some versions may not be listed: the card has buttons that copy what mends it.
  const policy = {
    label: 'IAM policy',
    note: 'Add it.',
    formats: [{ format: 'json', file: 'policy.json', text: '{}' }],
  }
  const unseen = JSON.stringify({ unseen: 'Refused.', remedies: [policy] })
  await query(
    console,
    `UPDATE retire_proof SET report = jsonb_set(report, '{oldVersions}', report->'oldVersions' || $1) WHERE "keyArn" = $2`,
    [unseen, old.arn],
  )
  await page.reload()
  await expect(card.getByRole('button', { name: /^Copy/ })).toBeVisible()
  // What a screen reader watches is there before it has anything to say.
  const said = await card.getByRole('status').elementHandle()
  await card.getByLabel('Type “delete 1 version” to go on').fill('delete 1 version')
  await card.getByLabel('Your password').fill(administrator.password)
  await card.getByRole('button', { name: 'Delete these old versions' }).press('Enter')
  await expect(card).toBeFocused()
  await expect(card.getByRole('status')).toContainText('1 version deleted')
  expect(await said?.textContent()).toContain('1 version deleted')
})

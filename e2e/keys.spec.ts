import path from 'node:path'
import { CancelKeyDeletionCommand, EnableKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { createAwsClients } from '#lib/aws/clients.ts'
import { expect, keyOf, saveKey, test } from './fixtures.ts'
import { describeTree, plantTree } from './tree.ts'

test('a key is scheduled for deletion: what it takes along, another key, proof, and a restore without it', async ({
  console,
  sandbox,
  signedIn: page,
}) => {
  test.setTimeout(180_000)
  const old = keyOf(sandbox, 'us-west-2', 'archive')
  const next = keyOf(sandbox, 'us-west-2', 'backups')
  await saveKey(page, old)
  const source = path.join(console.sources, 'keys')
  plantTree(source, { files: 20, seed: 11 })
  const { id } = JSON.parse((await console.byok(['backup', 'create', source, '--json'])).stdout)
  await saveKey(page, next)

  const [account] = sandbox.accounts
  if (!account) throw new Error('The sandbox has no users.')
  const { accessKeyId, secretAccessKey } = account
  const access = { region: old.region, endpoint: sandbox.endpoint, credentials: { accessKeyId, secretAccessKey } }
  const { kms, destroy } = createAwsClients(access, 'interactive')
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: old.arn, PendingWindowInDays: 7 }))
  try {
    await page.goto('/keys')
    const card = page.getByRole('region').filter({ hasText: old.arn })
    await expect(card).toContainText('Pending deletion: 7 days left')
    await expect(card).toContainText('would be lost with this key')
    await expect(page.getByRole('region').filter({ hasText: next.arn })).toContainText('In use for new backups')

    const listed = JSON.parse((await console.byok(['key', 'list', '--json'])).stdout)
    expect(listed.keys.find(({ arn }: { arn: string }) => arn === old.arn)).toMatchObject({ state: 'pending deletion' })
    const needed = await console.byok(['key', 'retire-proof', old.arn])
    expect(needed.code).toBe(1)
    expect(needed.stdout).toContain('is still needed')

    // A key that is pending deletion decrypts no more: deletion is cancelled, the backups moved, and then it may go.
    const move = ['key', 'rewrap', '--from', old.arn, '--to', next.arn]
    expect((await console.byok(move)).code).toBe(1)
    await kms.send(new CancelKeyDeletionCommand({ KeyId: old.arn }))
    await kms.send(new EnableKeyCommand({ KeyId: old.arn }))
    expect((await console.byok([...move, '--dry-run'])).stdout).toMatch(/^\d+ backups?/)
    expect(await console.byok(move)).toMatchObject({ code: 0 })
    expect((await console.byok(['key', 'retire-proof', old.arn])).stdout).toContain('Nothing here needs')
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: old.arn, PendingWindowInDays: 7 }))

    await page.reload()
    await expect(page.getByRole('region').filter({ hasText: old.arn })).toHaveCount(0)
    const target = path.join(console.restores, 'without-the-old-key')
    expect(await console.byok(['backup', 'restore', id, '--to', target])).toMatchObject({ code: 0 })
    expect(describeTree(target)).toEqual(describeTree(source))
  } finally {
    await kms.send(new CancelKeyDeletionCommand({ KeyId: old.arn }))
    await kms.send(new EnableKeyCommand({ KeyId: old.arn }))
    destroy()
  }
})

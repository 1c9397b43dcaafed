import {
  CancelKeyDeletionCommand,
  EnableKeyCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms'
import type { Page } from '@playwright/test'
import { createAwsClients } from '#lib/aws/clients.ts'
import { expect, keyOf, openSettings, saveKey, test } from './fixtures.ts'

// One test for each key of the sandbox that must be refused: nothing is saved, and the page says what failed and why.
const refused = [
  { alias: 'retired', says: 'The key is disabled', why: 'somebody who administers the key disabled it' },
  { alias: 'old-backups', says: 'The key is scheduled for deletion', why: 'scheduled its deletion' },
  { alias: 'code-signing', says: 'The key is of the wrong kind', why: 'symmetric key' },
  { alias: 'partner-inbox', says: 'The key is of the wrong kind', why: 'symmetric key' },
  { alias: 'write-only', says: 'Decrypt was refused by the key policy', why: 'Deny statement' },
  { alias: 'not-shared', says: 'the key is of another account, or not shared', why: 'does not allow' },
]

for (const { alias, says, why } of refused) {
  test(`alias/${alias} is refused`, async ({ signedIn: page, sandbox }) => {
    const key = keyOf(sandbox, 'eu-central-1', alias)
    expect(key.usable).toBe(false)
    await openSettings(page, 'eu-central-1')
    const before = await revisionsOn(page)
    await page.locator(`button[data-arn="${key.arn}"]`).click()
    await expect(page.getByLabel('Master Key')).toHaveValue(key.arn)
    await page.getByRole('button', { name: 'Save Settings' }).click()

    await expect(page.getByRole('alert').filter({ hasText: says })).toBeVisible()
    const proof = page.getByRole('complementary', { name: 'Proof' })
    await expect(proof).toContainText(says)
    await expect(proof).toContainText(new RegExp(why, 'i'))
    await expect(page.getByLabel('Master Key')).toHaveAccessibleDescription(new RegExp(says))
    await expect(page.getByRole('status').filter({ hasText: 'Settings saved' })).toHaveCount(0)

    await page.goto('/settings/backup-environment')
    expect(await revisionsOn(page)).toEqual(before)
  })
}

test('a key of another Region is refused before anything is sent, and the page offers the Region that fits', async ({
  signedIn: page,
  sandbox,
}) => {
  const key = keyOf(sandbox, 'us-east-1', 'backups')
  await openSettings(page, 'eu-central-1')
  await page.locator(`button[data-arn="${key.arn}"]`).click()
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'us-east-1' }).first()).toBeVisible()
  await expect(page.getByLabel('Master Key')).toHaveAccessibleDescription(/us-east-1.*eu-central-1/)
  await page.getByRole('button', { name: 'Use us-east-1' }).click()
  await expect(page.getByRole('combobox', { name: 'Region' })).toContainText('us-east-1')
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('complementary', { name: 'Proof' })).toContainText('Works')
})

/** Rehearses in the sandbox behind the console, which the page cannot tell from AWS. */
async function rehearse(endpoint: string, kind: string | undefined, keyArn: string): Promise<void> {
  const body = kind === undefined ? undefined : JSON.stringify({ kind, keyArn })
  const response = await fetch(`${endpoint}/_sandbox/rehearsal`, {
    method: body ? 'PUT' : 'DELETE',
    body: body ?? null,
  })
  expect(response.ok).toBe(true)
}

async function testKey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('button', { name: 'Test key' })).toBeEnabled({ timeout: 30_000 })
}

/** What the page puts on the clipboard, by keyboard alone. */
async function copied(page: Page, label: string, format: string): Promise<string> {
  const remedy = page
    .getByRole('complementary', { name: 'Proof' })
    .getByRole('region', { name: label, exact: true })
    .first()
  await remedy.getByRole('tab', { selected: true }).focus()
  for (let turn = 0; (await remedy.getByRole('tab', { selected: true }).textContent()) !== format; turn += 1) {
    expect(turn, `${format} of ${label}`).toBeLessThan(4)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
  }
  const copy = remedy.getByRole('button', { name: 'Copy' })
  await copy.focus()
  await page.keyboard.press('Enter')
  await expect(remedy.getByRole('button', { name: 'Copied' })).toBeVisible()
  return page.evaluate(() => ('copied' in window ? String(window.copied) : ''))
}

async function addToKeyPolicy(kms: KMSClient, KeyId: string, statements: object[]): Promise<string> {
  const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
  const policy: { Statement: object[] } = JSON.parse(Policy)
  const merged = { ...policy, Statement: [...policy.Statement, ...statements] }
  await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(merged) }))
  return Policy
}

test('the fix copied from the page, carried out with the AWS SDK, turns the check green', async ({
  signedIn: page,
  sandbox,
}) => {
  test.setTimeout(180_000)
  const key = keyOf(sandbox, 'us-west-2', 'archive')
  const [credentials] = sandbox.accounts
  if (!credentials) throw new Error('The sandbox has no users.')
  const { kms, destroy } = createAwsClients(
    { region: key.region, credentials, endpoint: sandbox.endpoint },
    'interactive',
  )
  const proof = page.getByRole('complementary', { name: 'Proof' })
  // Pages of the console may write to the clipboard, and not read it: so what is written is noted on its way.
  await page.context().grantPermissions(['clipboard-write'])
  await page.addInitScript(() => {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard)
    navigator.clipboard.writeText = (text) => {
      Object.assign(window, { copied: text })
      return write(text)
    }
  })
  await saveKey(page, key)
  try {
    for (const kind of ['without-describe-key', 'without-encrypt', 'without-decrypt']) {
      await rehearse(sandbox.endpoint, kind, key.arn)
      await testKey(page)
      await expect(proof, kind).toContainText('is not allowed by any IAM policy')
      const statements: object[] = JSON.parse(await copied(page, 'Or: key policy', 'JSON'))
      const before = await addToKeyPolicy(kms, key.arn, statements)
      await testKey(page)
      await expect(proof.getByText('Works', { exact: true }), kind).toBeVisible()
      await kms.send(new PutKeyPolicyCommand({ KeyId: key.arn, Policy: before }))
      await rehearse(sandbox.endpoint, undefined, key.arn)
    }
    for (const kind of ['key-disabled', 'key-pending-deletion']) {
      await rehearse(sandbox.endpoint, kind, key.arn)
      await testKey(page)
      const commands = await copied(page, 'AWS CLI', 'AWS CLI')
      for (const line of commands.split('&&')) {
        const [, verb, KeyId] = /aws kms (\S+) --region us-west-2 --key-id (\S+)/.exec(line) ?? []
        if (verb === 'enable-key') await kms.send(new EnableKeyCommand({ KeyId }))
        else if (verb === 'cancel-key-deletion') await kms.send(new CancelKeyDeletionCommand({ KeyId }))
        else throw new Error(line)
      }
      await testKey(page)
      await expect(proof.getByText('Works', { exact: true }), kind).toBeVisible()
      await rehearse(sandbox.endpoint, undefined, key.arn)
    }
    // Nobody has refused anything: the last good result stays in sight.
    await rehearse(sandbox.endpoint, 'kms-down', key.arn)
    await testKey(page)
    await expect(proof).toContainText('No usable answer')
    await expect(proof).toContainText('Last known to work')
    await expect(proof).not.toContainText(/(DescribeKey|Encrypt|Decrypt) was refused/)
  } finally {
    await rehearse(sandbox.endpoint, undefined, key.arn)
    destroy()
  }
})

/** Which revision the page says is in force; how its words are laid out, and how long ago it was, is not asked. */
async function revisionsOn(page: Page): Promise<string[]> {
  const texts = await page.getByText(/^Revision \d+/).allTextContents()
  return texts.flatMap((text) => /^Revision \d+/.exec(text.trim())?.[0] ?? [])
}

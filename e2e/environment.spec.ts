import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { createAwsClients } from '#lib/aws/clients.ts'
import { administrator } from './console.ts'
import { chooseRegion, expect, keyOf, openSettings, saveKey, saveSettings, test } from './fixtures.ts'

test('a save based on an older revision is refused, and says who changed what meanwhile', async ({
  signedIn: first,
  sandbox,
  console,
  browser,
  session,
}) => {
  await saveKey(first, keyOf(sandbox, 'us-east-1', 'backups'))
  const context = await browser.newContext({ baseURL: console.url, storageState: session })
  const second = await context.newPage()
  await second.goto('/settings/backup-environment')
  // The number alone: how long ago it was saved changes by itself.
  const revision = second.getByText(/^Revision \d+, saved/)
  const before = /^Revision \d+/.exec((await revision.textContent()) ?? '')?.[0] ?? ''
  expect(before).not.toBe('')

  // Not merely loaded: what is typed before the page's script runs is not its own.
  await openSettings(first, 'us-east-1')
  await first.getByLabel('Master Key').fill(keyOf(sandbox, 'us-east-1', 'archive').arn)
  await saveSettings(first)

  await second.getByLabel('Master Key').fill('alias/archive')
  await second.getByRole('button', { name: 'Save Settings' }).click()
  await expect(second.getByRole('alert').filter({ hasText: 'admin@example.test saved revision' })).toBeVisible()
  await second.reload()
  await expect(second.getByLabel('Master Key')).toHaveValue(keyOf(sandbox, 'us-east-1', 'archive').arn)
  await expect(revision).not.toContainText(`${before},`)
  await context.close()
})

test('switching encryption off needs a word typed, is shown on every page, and backs up readable', async ({
  signedIn: page,
  sandbox,
}) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  await page.getByLabel('Automatically Encrypt data stored in Vault').uncheck()
  await page.getByRole('button', { name: 'Save Settings' }).click()
  const question = page.getByRole('alertdialog', { name: 'Write backups unencrypted?' })
  await question.getByRole('button', { name: 'Confirm and save' }).click()
  await expect(question).toContainText('Enter your password.')
  await expect(question.getByLabel('Type “unencrypted” to go on')).toBeFocused()
  await question.getByLabel('Your password').fill(administrator.password)
  await question.getByLabel('Type “unencrypted” to go on').fill('yes')
  await question.getByRole('button', { name: 'Confirm and save' }).click()
  await expect(question.getByLabel('Type “unencrypted” to go on')).toHaveAccessibleDescription(/Type the word/)
  await question.getByRole('button', { name: 'Go back' }).click()
  await expect(page.getByRole('button', { name: 'Save Settings' })).toBeFocused()
  await expect(page.getByText('Unsaved changes')).toBeVisible()
  await saveSettings(page)
  for (const url of ['/', '/backups', '/audit', '/settings/backup-environment']) {
    await page.goto(url)
    await expect(page.getByRole('note').filter({ hasText: 'Encryption is off' }), url).toBeVisible()
  }
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  await page.goto('/backups')
  await expect(page.getByText(/Encryption is off/i)).toHaveCount(0)
})

test('a key that fails between the question and its answer takes the focus, not the button that asked', async ({
  signedIn: page,
  sandbox,
}) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const next = keyOf(sandbox, 'us-east-1', 'archive')
  const [account] = sandbox.accounts
  if (!account) throw new Error('The sandbox has no users.')
  const { accessKeyId, secretAccessKey } = account
  const access = { region: next.region, endpoint: sandbox.endpoint, credentials: { accessKeyId, secretAccessKey } }
  const { kms, destroy } = createAwsClients(access, 'interactive')
  try {
    await page.getByLabel('Master Key').fill(next.arn)
    await page.getByRole('button', { name: 'Save Settings' }).click()
    const question = page.getByRole('alertdialog')
    await question.getByLabel('Your password').fill(administrator.password)
    await kms.send(new DisableKeyCommand({ KeyId: next.arn }))
    await page.keyboard.press('Enter')
    await expect(page.getByRole('alert').filter({ hasText: 'Nothing was saved.' })).toBeVisible()
    await expect(question).toHaveCount(0)
    await expect(page.getByLabel('Master Key')).toBeFocused()
  } finally {
    await kms.send(new EnableKeyCommand({ KeyId: next.arn }))
    destroy()
  }
})

test('history shows every revision and what it changed, and an old one is restored after a new check', async ({
  signedIn: page,
  sandbox,
}) => {
  const [first, second] = ['us-east-1', 'us-west-2'].map((region) => keyOf(sandbox, region, 'backups'))
  if (!first || !second) throw new Error('The sandbox has too few keys.')
  await saveKey(page, first)
  await page.reload()
  const revision = Number(
    /Revision (\d+)/.exec((await page.getByText(/^Revision \d+, saved/).textContent()) ?? '')?.[1],
  )
  await saveKey(page, second)
  await page.getByRole('link', { name: 'History' }).click()
  // The first: “Revision 1” of “4 minutes ago” reads as the fourteenth.
  const newest = page
    .getByRole('listitem')
    .filter({ hasText: `Revision ${revision + 1}` })
    .first()
  await expect(newest).toContainText('Newest')
  await expect(newest).toContainText(second.arn)
  await page.getByRole('link', { name: `Revision ${revision}`, exact: true }).click()
  await expect(page.getByRole('complementary', { name: 'Proof' })).toContainText('Works')
  await expect(
    page.getByRole('heading', { name: `What restoring it changes from revision ${revision + 1}` }),
  ).toBeVisible()
  await page.getByRole('link', { name: 'Restore these settings' }).click()
  await expect(page.getByLabel('Master Key')).toHaveValue(first.arn)
  await expect(page.getByText(`These are the values of revision ${revision}.`)).toBeVisible()
  await expect(page.getByRole('region', { name: `What changes from revision ${revision + 1}` })).toContainText(
    'us-east-1',
  )
  await saveSettings(page)
  await page.reload()
  await expect(page.getByLabel('Master Key')).toHaveValue(first.arn)
  await page.getByRole('link', { name: 'History' }).click()
  await expect(
    page
      .getByRole('listitem')
      .filter({ hasText: `Revision ${revision + 2}` })
      .first(),
  ).toContainText(`values of revision ${revision}`)
})

test('unsaved changes are kept from closing, from links and from going back', async ({ signedIn: page, sandbox }) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  await page.goto('/backups')
  await page.getByRole('link', { name: 'Backup Environment' }).first().click()
  await page.getByLabel('Master Key').fill('alias/archive')
  const question = page.getByRole('alertdialog', { name: 'Leave without saving?' })
  await page.getByRole('link', { name: 'Audit' }).click()
  await question.getByRole('button', { name: 'Stay' }).click()
  await expect(page.getByLabel('Master Key')).toHaveValue('alias/archive')
  await page.goBack({ timeout: 2000 }).catch(() => undefined)
  await question.getByRole('button', { name: 'Stay' }).click()
  await expect(page.getByLabel('Master Key')).toHaveValue('alias/archive')
  const asked = page.waitForEvent('dialog')
  const reloading = page.reload({ timeout: 2000 }).catch(() => undefined)
  await (await asked).dismiss()
  await reloading
  await expect(page.getByLabel('Master Key')).toHaveValue('alias/archive')
  await page.getByRole('link', { name: 'Audit' }).click()
  await question.getByRole('button', { name: 'Leave' }).click()
  await expect(page.getByRole('heading', { name: 'Audit' })).toBeVisible()
})

test('what was typed into a field that is not shown any more keeps nobody from saving', async ({ signedIn: page }) => {
  await page.goto('/settings/backup-environment')
  await chooseRegion(page, 'us-east-1')
  await page.getByRole('radio', { name: /AWS-KMS/ }).check()
  await page.getByLabel('Master Key').fill('x'.repeat(2100))
  await page.getByRole('radio', { name: /AES-256/ }).check()
  await saveSettings(page)
})

test('by keyboard alone: the first error takes the focus, a click’s worth of help is a key away, and the save is said', async ({
  signedIn: page,
  sandbox,
}) => {
  const key = keyOf(sandbox, 'us-west-2', 'backups')
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const master = page.getByLabel('Master Key')
  await master.focus()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('arn:aws:s3:::bucket')
  await page.getByLabel('AR Vault Hosted Backup Environment').focus()
  await page.keyboard.press('Space')
  await page.getByLabel('Bucket', { exact: true }).focus()
  await page.keyboard.type('Not A Bucket')
  await page.keyboard.press('Enter')
  await expect(master).toBeFocused()
  await expect(master).toHaveAccessibleDescription(/belongs to “s3”, not to AWS KMS/)
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(key.arn)
  // The Region that fits is the next stop.
  await page.keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Use us-west-2' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('combobox', { name: 'Region' })).toContainText('us-west-2')
  await expect(master).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('Bucket', { exact: true })).toBeFocused()
  await page.getByLabel('AR Vault Hosted Backup Environment').focus()
  await page.keyboard.press('Space')
  await master.focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alertdialog').getByLabel('Your password')).toBeVisible()
  await page.getByLabel('Your password').focus()
  await page.keyboard.type(administrator.password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('status').filter({ hasText: 'Settings saved' })).toBeVisible()
})

test('a seal stanza of a HashiCorp Vault fills the form, and says what it could not use', async ({
  signedIn: page,
  sandbox,
}) => {
  await openSettings(page, 'us-east-1')
  await page.getByRole('button', { name: 'Paste a seal stanza' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Paste a seal stanza' })
  await dialog.getByLabel('Stanza').fill('seal "awskms" {\n  region = us-west-2\n}')
  await dialog.getByRole('button', { name: 'Fill the form' }).click()
  await expect(dialog.getByLabel('Stanza')).toHaveAccessibleDescription(/Line 2, column 12: Text needs quotes/)
  const { arn } = keyOf(sandbox, 'us-west-2', 'backups')
  await dialog
    .getByLabel('Stanza')
    .fill(
      `# ours\nseal "awskms" {\n  region = "us-west-2"\n  kms_key_id = "${arn}"\n  priority = 1\n  disabled = true\n}`,
    )
  await dialog.getByRole('button', { name: 'Fill the form' }).click()
  await expect(page.getByLabel('Master Key')).toHaveValue(arn)
  await expect(page.getByRole('combobox', { name: 'Region' })).toContainText('us-west-2')
  await expect(page.getByRole('status').filter({ hasText: 'Filled in: Region, Master Key.' })).toContainText('priority')
})

import { expect, keyOf, saveKey, saveSettings, test } from './fixtures.ts'

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
  const before = await second
    .getByText(/Revision \d+/)
    .first()
    .textContent()

  await first.goto('/settings/backup-environment')
  await first.getByLabel('Master Key').fill(keyOf(sandbox, 'us-east-1', 'archive').arn)
  await saveSettings(first)

  await second.getByLabel('Master Key').fill('alias/archive')
  await second.getByRole('button', { name: 'Save Settings' }).click()
  await expect(second.getByRole('alert').filter({ hasText: 'admin@example.test saved revision' })).toBeVisible()
  await second.reload()
  await expect(second.getByLabel('Master Key')).toHaveValue(keyOf(sandbox, 'us-east-1', 'archive').arn)
  expect(
    await second
      .getByText(/Revision \d+/)
      .first()
      .textContent(),
  ).not.toBe(before)
  await context.close()
})

test('switching encryption off asks what it means, is shown on every page, and backs up readable', async ({
  signedIn: page,
  sandbox,
}) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const encrypt = page.getByLabel('Automatically Encrypt data stored in Vault')
  await encrypt.click()
  await page
    .getByRole('alertdialog')
    .getByRole('button', { name: /Keep|Cancel/ })
    .click()
  await expect(encrypt).toBeChecked()
  await encrypt.click()
  await page
    .getByRole('alertdialog')
    .getByRole('button', { name: /unencrypted|off/i })
    .click()
  await expect(encrypt).not.toBeChecked()
  await saveSettings(page)
  for (const url of ['/', '/backups', '/audit', '/settings/backup-environment']) {
    await page.goto(url)
    await expect(page.getByText(/not encrypted|unencrypted|Encryption is off/i).first(), url).toBeVisible()
  }
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  await page.goto('/backups')
  await expect(page.getByText(/Encryption is off/i)).toHaveCount(0)
})

test('an own bucket with an access key: the secret is kept, used, and never sent back', async ({
  signedIn: page,
  sandbox,
}) => {
  const [administrator] = sandbox.accounts
  if (!administrator) throw new Error('The sandbox has no administrator.')
  await saveKey(page, keyOf(sandbox, 'us-west-2', 'backups'))
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await page.getByLabel('Label').fill('Ours')
  await page.getByLabel('Bucket').fill('vault-hosted-us-west-2')
  await page.getByLabel('Prefix').fill('console/one')
  await page.getByLabel('Access key', { exact: true }).check()
  await page.getByLabel('Access key ID').fill(administrator.accessKeyId)
  await page.getByLabel('Secret access key').fill('not-the-secret-of-this-access-key-000000')
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'The secret access key is wrong' })).toBeVisible()

  await page.getByLabel('Secret access key').fill(administrator.secretAccessKey)
  const answers: string[] = []
  page.on('response', async (response) => answers.push(await response.text().catch(() => '')))
  await saveSettings(page)
  await page.reload()
  await expect(page.getByLabel('Secret access key')).toHaveValue('')
  await expect(page.getByLabel('Access key ID')).toHaveValue(administrator.accessKeyId)
  expect(await page.content()).not.toContain(administrator.secretAccessKey)
  // Left empty, the stored one is used.
  await page.getByLabel('Label').fill('Ours, renamed')
  await saveSettings(page)
  await page.waitForLoadState('networkidle')
  expect(answers.length).toBeGreaterThan(2)
  for (const answer of answers) expect(answer).not.toContain(administrator.secretAccessKey)
  // With another access key ID it is not.
  await page.getByLabel('Access key ID').fill('AKIAIOSFODNN7EXAMPLE')
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(page.getByLabel('Secret access key')).toHaveAccessibleDescription(/Enter the secret access key/)
})

import { expect, keyOf, saveKey, saveSettings, test } from './fixtures.ts'

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

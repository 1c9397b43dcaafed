import path from 'node:path'
import { administrator } from './console.ts'
import { chooseRegion, expect, keyOf, saveSettings, signIn, test } from './fixtures.ts'
import { describeTree, plantTree } from './tree.ts'

// The steps of “Bring Your Own Key (BYOK) with Vault”, by the labels on the page; then a backup, and back again.
test('from sign-in to a saved key, a backup of 2,000 files and their restore', async ({
  page,
  console,
  sandbox,
  browser,
}) => {
  test.setTimeout(180_000)
  const key = keyOf(sandbox, 'us-west-2', 'backups')
  const source = path.join(console.sources, 'accounts')
  plantTree(source, { files: 2000, seed: 7 })
  const context = await browser.newContext({ baseURL: console.url })
  page = await context.newPage()

  await test.step('1. Log in to Vault', () => signIn(page, administrator))
  await test.step('2. Go to Settings > Backup Environment', async () => {
    await page.getByRole('link', { name: 'Backup Environment' }).first().click()
    await expect(page.getByRole('heading', { name: 'Backup Environment', level: 1 })).toBeVisible()
  })
  await test.step('3. Under Storage Environment, select AWS S3 as the storage type', async () => {
    await expect(page.getByRole('heading', { name: 'Storage Environment' })).toBeVisible()
    await page.getByLabel('Storage type').selectOption({ label: 'AWS S3' })
  })
  await test.step('4. Choose the Region', () => chooseRegion(page, 'us-west-2'))
  await test.step('5. Enable Automatically Encrypt data stored in Vault', () =>
    page.getByLabel('Automatically Encrypt data stored in Vault').check())
  await test.step('6. Select AWS-KMS as the encryption method', () => page.getByLabel('AWS-KMS').check())
  await test.step('7. Enter your Master Key', () => page.getByLabel('Master Key').fill(`  "${key.arn}" `))
  await test.step('8. Enable AR Vault Hosted Backup Environment', () =>
    page.getByLabel('AR Vault Hosted Backup Environment').check())
  await test.step('9. Click Save Settings', async () => {
    await saveSettings(page)
  })
  await test.step('after a reload every value is there', async () => {
    await page.reload()
    await expect(page.getByLabel('Storage type')).toHaveValue('s3')
    await expect(page.getByRole('combobox', { name: 'Region' })).toContainText('us-west-2')
    await expect(page.getByLabel('Automatically Encrypt data stored in Vault')).toBeChecked()
    await expect(page.getByLabel('AWS-KMS')).toBeChecked()
    await expect(page.getByLabel('Master Key')).toHaveValue(key.arn)
    await expect(page.getByLabel('AR Vault Hosted Backup Environment')).toBeChecked()
    await expect(page.getByText(/^Revision \d+, saved/)).toBeVisible()
  })

  await test.step('back up the folder and see it complete', async () => {
    await page.getByRole('link', { name: 'Backups' }).first().click()
    await page.getByLabel('Folder').selectOption(source)
    await page.getByLabel('Name', { exact: true }).fill('Accounts')
    await page.getByRole('button', { name: 'Back up now' }).click()
    const row = page.getByRole('row').filter({ hasText: 'Accounts' })
    await expect(row).toContainText('Complete', { timeout: 60_000 })
    await expect(row).toContainText('2,00')
    await row.getByRole('link', { name: 'Accounts' }).click()
    await expect(page.getByRole('main').getByText(key.arn)).toBeVisible()
  })

  const target = path.join(console.restores, 'accounts back')
  await test.step('restore it from the page', async () => {
    await page.getByLabel('Restore to').fill(target)
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await expect(page.getByRole('listitem').filter({ hasText: target })).toContainText('Complete', { timeout: 60_000 })
    expect(describeTree(target)).toEqual(describeTree(source))
  })

  await test.step('restore it from the command line', async () => {
    const listed = await console.byok(['backup', 'list', '--json'])
    const { backups } = JSON.parse(listed.stdout)
    const other = path.join(console.folder, 'from the command line')
    const run = await console.byok(['backup', 'restore', backups[0].id, '--to', other])
    expect(run.code, run.stderr).toBe(0)
    expect(run.stderr).toBe('')
    expect(describeTree(other)).toEqual(describeTree(source))
  })
  await context.close()
})

import { expect, sessionOf, test } from './fixtures.ts'

test('Settings > API tokens: made, shown once, revoked; a viewer sees no others', async ({
  signedIn: page,
  console,
  browser,
}) => {
  await page.goto('/settings/api-tokens')
  const form = page.getByRole('form', { name: 'New API token' })
  await form.getByLabel('Name').fill('nightly')
  await form.getByLabel('List backups and see how they are').check()
  await form.getByRole('button', { name: 'Create token' }).click()
  await expect(page.getByRole('region', { name: 'Copy this token now.' })).toBeFocused()
  const token = (await page.getByTestId('token').textContent()) ?? ''
  expect(token).toMatch(/^vct_[0-9a-f]{72}$/)
  const ask = () => fetch(`${console.url}/api/v1/backups`, { headers: { authorization: `Bearer ${token}` } })
  expect((await ask()).status).toBe(200)
  await page.reload()
  await expect(page.getByTestId('token')).toHaveCount(0)
  const row = page.getByRole('row').filter({ hasText: token.slice(0, 12) })
  await expect(row).toContainText('Active')
  await expect(row).toContainText('just now')
  await row.getByRole('button', { name: 'Revoke nightly' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke token' }).click()
  await expect(row).toContainText('Revoked')
  // The button that was pressed is gone: whoever works by keyboard goes on from its row.
  await expect(row).toBeFocused()
  expect((await ask()).status).toBe(401)

  const viewer = { email: 'viewer-of-tokens@example.test', password: 'correct-horse-battery' }
  await console.byok(['user', 'add', viewer.email, '--role', 'viewer'], { input: viewer.password })
  const context = await browser.newContext({
    baseURL: console.url,
    storageState: await sessionOf(console, viewer),
  })
  const other = await context.newPage()
  await other.goto('/settings/api-tokens')
  await expect(other.getByText('No API tokens yet')).toBeVisible()
  await expect(other.getByLabel('Send backups')).toHaveCount(0)
  await context.close()
})

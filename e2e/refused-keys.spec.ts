import { expect, keyOf, openSettings, test } from './fixtures.ts'

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
    const before = await page.getByText(/^Revision \d+/).allInnerTexts()
    await page.locator(`button[data-key-arn="${key.arn}"]`).click()
    await expect(page.getByLabel('Master Key')).toHaveValue(key.arn)
    await page.getByRole('button', { name: 'Save Settings' }).click()

    await expect(page.getByRole('alert').filter({ hasText: says })).toBeVisible()
    const proof = page.getByRole('complementary', { name: 'Proof' })
    await expect(proof).toContainText(says)
    await expect(proof).toContainText(new RegExp(why, 'i'))
    await expect(page.getByLabel('Master Key')).toHaveAccessibleDescription(new RegExp(says))
    await expect(page.getByRole('status').filter({ hasText: 'Settings saved' })).toHaveCount(0)

    await page.goto('/settings/backup-environment')
    expect(await page.getByText(/^Revision \d+/).allInnerTexts()).toEqual(before)
  })
}

test('a key of another Region is refused before anything is sent, and the page offers the Region that fits', async ({
  signedIn: page,
  sandbox,
}) => {
  const key = keyOf(sandbox, 'us-east-1', 'backups')
  await openSettings(page, 'eu-central-1')
  await page.locator(`button[data-key-arn="${key.arn}"]`).click()
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'us-east-1' }).first()).toBeVisible()
  await expect(page.getByLabel('Master Key')).toHaveAccessibleDescription(/us-east-1.*eu-central-1/)
  await page.getByRole('button', { name: /Switch.*us-east-1/ }).click()
  await expect(page.getByRole('combobox', { name: 'Region' })).toContainText('us-east-1')
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('complementary', { name: 'Proof' })).toContainText('Works')
})

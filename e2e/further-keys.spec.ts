import path from 'node:path'
import type { Page } from '@playwright/test'
import { administrator } from './console.ts'
import { expect, keyOf, openSettings, saveKey, sessionOf, test } from './fixtures.ts'
import { plantTree } from './tree.ts'

test('a further key that was just added is not called wrong before anybody could type it', async ({
  signedIn: page,
}) => {
  await openSettings(page, 'us-east-1')
  await page.getByRole('button', { name: 'Add a further key' }).click()
  const field = page.getByRole('textbox', { name: 'Further key 1' })
  await expect(field).toBeFocused()
  // What validated it with its list has been painted by then.
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))))
  await expect(field).not.toHaveAttribute('aria-invalid', 'true')
  await page.keyboard.press('Tab')
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  await expect(field).toHaveAccessibleDescription(/Enter the key ARN/)

  // A save that was refused is about the fields that were there.
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'Nothing was saved' })).toBeVisible()
  await page.getByRole('button', { name: 'Add a further key' }).click()
  const second = page.getByRole('textbox', { name: 'Further key 2' })
  await expect(second).toBeFocused()
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))))
  await expect(second).not.toHaveAttribute('aria-invalid', 'true')
  await expect(field).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(second).toHaveAttribute('aria-invalid', 'true')
})

test('a further key asks for the password again, and the other administrator is told until it is put away', async ({
  signedIn: page,
  sandbox,
  console,
  browser,
}) => {
  const colleague = { email: 'colleague@example.test', password: 'another-correct-horse' }
  const added = await console.byok(['user', 'add', colleague.email, '--role', 'administrator'], {
    input: `${colleague.password}\n`,
  })
  expect(added.code, added.stderr).toBe(0)
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  await page.getByRole('button', { name: 'Add a further key' }).click()
  await expect(page.getByRole('textbox', { name: 'Further key 1' })).toBeFocused()
  await page.keyboard.type('archive')
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Use alias/archive' }).click()
  await page.getByRole('button', { name: 'Save Settings' }).click()
  const question = page.getByRole('alertdialog')
  const { arn } = keyOf(sandbox, 'us-east-1', 'archive')
  await expect(question).toContainText(arn)
  await question.getByLabel('Your password').fill('not the password')
  await page.keyboard.press('Enter')
  await expect(question.getByLabel('Your password')).toHaveAccessibleDescription('This is not your password.')
  await expect(question.getByLabel('Your password')).toBeFocused()
  await question.getByLabel('Your password').fill(administrator.password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('status').filter({ hasText: 'Settings saved' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('textbox', { name: 'Further key 1' })).toHaveAccessibleDescription(/Points to/)
  // By whom, as the command line of another test may have told every administrator of this key.
  const noticeOn = (of: Page) =>
    of
      .getByRole('note')
      .filter({ hasText: arn })
      .filter({ hasText: `By ${administrator.email}` })
  await expect(noticeOn(page)).toHaveCount(0)

  const context = await browser.newContext({
    baseURL: console.url,
    storageState: await sessionOf(console, colleague),
  })
  const other = await context.newPage()
  await other.goto('/backups')
  const notice = noticeOn(other)
  await expect(notice).toBeVisible()
  await notice.getByRole('link', { name: 'See what changed' }).click()
  await expect(other.getByRole('heading', { name: /^Revision \d+$/ })).toBeVisible()
  await notice.getByRole('button', { name: 'Put away' }).click()
  await expect(notice).toHaveCount(0)
  await other.reload()
  await expect(notice).toHaveCount(0)
  await context.close()

  // Each backup is wrapped under both.
  plantTree(path.join(console.sources, 'two-keys'), { files: 3, seed: 1 })
  const made = await console.byok(['backup', 'create', path.join(console.sources, 'two-keys'), '--json'])
  expect(JSON.parse(made.stdout).keyArns).toEqual([keyOf(sandbox, 'us-east-1', 'backups').arn, arn])
})

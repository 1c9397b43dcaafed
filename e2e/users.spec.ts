import type { Page } from '@playwright/test'
import { administrator } from './console.ts'
import { expect, sessionOf, signIn, test } from './fixtures.ts'
import { query } from './people.ts'

/** Answers the question for the own password. */
async function confirm(page: Page, button: string): Promise<void> {
  const question = page.getByRole('alertdialog')
  await question.getByLabel('Your password').fill(administrator.password)
  await question.getByRole('button', { name: button }).click()
}

test('an administrator adds somebody, changes what they may do, ends their sessions, and removes them', async ({
  signedIn: page,
  console,
  browser,
}) => {
  const newcomer = { email: 'Newcomer@Example.test', password: 'the-first-of-newcomer' }
  await page.goto('/settings/users')
  await expect(page).toHaveTitle(/^Users/)
  await page.getByRole('button', { name: 'Add user…' }).click()
  await expect(page.getByLabel('Name')).toBeFocused()
  await page.keyboard.type('N'.repeat(200))
  await page.getByLabel('E-mail').fill(newcomer.email)
  await page.getByLabel('Operator').check()
  await page.getByLabel('First password').fill(newcomer.password)
  await page.getByRole('button', { name: 'Add user' }).click()
  const question = page.getByRole('alertdialog')
  await question.getByLabel('Your password').fill('not the password')
  await page.keyboard.press('Enter')
  await expect(question.getByLabel('Your password')).toHaveAccessibleDescription('This is not your password.')
  await confirm(page, 'Add')
  await expect(page.getByRole('status').filter({ hasText: 'newcomer@example.test may sign in' })).toBeVisible()
  await expect(page.getByLabel('Name')).toHaveValue('')
  await expect(page.getByRole('button', { name: 'Add user' })).toBeFocused()
  await page.getByRole('button', { name: 'Close' }).click()
  await expect(page.getByRole('button', { name: 'Add user…' })).toBeFocused()
  const row = page.getByRole('row').filter({ hasText: 'newcomer@example.test' })
  await expect(row).toContainText('Operator')

  const context = await browser.newContext({
    baseURL: console.url,
    storageState: await sessionOf(console, newcomer),
  })
  const theirs = await context.newPage()
  await theirs.goto('/settings/backup-environment')
  await row.getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('N'.repeat(200))

  await test.step('a role counts in a page that is open', async () => {
    await expect(page.getByLabel('Operator')).toBeChecked()
    await page.getByLabel('Viewer').check()
    await page.getByRole('button', { name: 'Change role…' }).click()
    await confirm(page, 'Change role')
    await expect(page.getByRole('status').filter({ hasText: 'The role is viewer now.' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'Change role…' })).toBeFocused()
    await theirs.reload()
    await expect(theirs.getByText('Viewer', { exact: true })).toBeVisible()
  })

  await test.step('signing out everywhere counts at once', async () => {
    await page.getByRole('button', { name: 'Sign out everywhere' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'Signed out everywhere.' })).toBeVisible()
    await theirs.goto('/backups')
    await expect(theirs).toHaveURL(/\/sign-in/)
  })

  await test.step('a new password', async () => {
    await page.getByRole('textbox', { name: 'New password' }).fill('the-second-of-newcomer')
    await page.getByRole('button', { name: 'Set password…' }).click()
    await confirm(page, 'Set password')
    await expect(page.getByRole('status').filter({ hasText: 'The new password is set.' })).toBeVisible()
    await expect(page.getByRole('textbox', { name: 'New password' })).toHaveValue('')
    await signIn(theirs, { ...newcomer, password: 'the-second-of-newcomer' })
  })

  await test.step('removing says what ends and what stays', async () => {
    const token = await console.byok([
      'token',
      'create',
      '--name',
      'nightly',
      '--scope',
      'backup:read',
      '--user',
      newcomer.email,
    ])
    expect(token.code, token.stderr).toBe(0)
    const authorization = `Bearer ${token.stdout.trim()}`
    const list = () => page.request.get(`${console.url}/api/v1/backups`, { headers: { authorization } })
    expect((await list()).status()).toBe(200)
    await page.reload()
    await page.getByRole('button', { name: 'Remove…' }).click()
    await expect(question).toContainText('1 open session')
    await expect(question).toContainText('1 API token: programs that use them are refused')
    await expect(question).toContainText('the audit log stay as they are')
    await page.keyboard.press('Escape')
    await expect(page.getByRole('button', { name: 'Remove…' })).toBeFocused()
    await page.keyboard.press('Enter')
    await confirm(page, 'Remove')
    await expect(page).toHaveURL(/\/settings\/users$/)
    await expect(row).toHaveCount(0)
    await theirs.goto('/backups')
    await expect(theirs).toHaveURL(/\/sign-in/)
    expect((await list()).status()).toBe(401)
  })
  await context.close()

  await page.goto('/audit?actor=admin@example.test')
  for (const words of ['New user', 'Role changed', 'Signed out everywhere', 'New password', 'User removed'])
    await expect(page.getByRole('row').filter({ hasText: words }).first()).toContainText('newcomer@example.test')
  expect(await page.content()).not.toContain('of-newcomer')
})

test('with 500 people and a name of 200 characters the list is paged, searched, and fits a phone', async ({
  signedIn: page,
  console,
}) => {
  await query(
    console,
    `INSERT INTO "user" (id, name, email, role, "updatedAt")
     SELECT 'many-' || n, CASE n WHEN 1 THEN $1 ELSE 'Person ' || n END, 'many-' || n || '@example.test', 'viewer', now()
     FROM generate_series(1, 500) AS n`,
    ['W'.repeat(200)],
  )
  try {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto('/settings/users?text=many-')
    await expect(page.getByText('Page 1 of 10')).toBeVisible()
    await expect(page.getByRole('row')).toHaveCount(51)
    const [inner, whole] = await page.evaluate(() => [
      document.documentElement.clientWidth,
      document.documentElement.scrollWidth,
    ])
    expect(whole).toBeLessThanOrEqual(inner ?? 0)
    await page.getByRole('link', { name: 'More' }).click()
    await expect(page.getByText('Page 2 of 10')).toBeVisible()
    await page.getByLabel('Search').fill('PERSON 321')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('row')).toHaveCount(2)
    await page.getByRole('link', { name: 'Person 321' }).click()
    await expect(page.getByRole('heading', { name: 'Person 321', level: 1 })).toBeVisible()
    await page.goto('/settings/users?text=nobody-is-called-this')
    await expect(page.getByRole('heading', { name: 'Nobody matches' })).toBeVisible()
  } finally {
    await query(console, `DELETE FROM "user" WHERE id LIKE 'many-%'`)
    await page.setViewportSize({ width: 1440, height: 900 })
  }
})

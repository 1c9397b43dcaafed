import { expect, signIn, test } from './fixtures.ts'
import { add } from './people.ts'

test('everybody changes their own password and ends their own other sessions', async ({ console, browser }) => {
  const person = await add(console, 'somebody', 'viewer')
  const open = async (password: string) => {
    const context = await browser.newContext({ baseURL: console.url })
    const page = await context.newPage()
    await signIn(page, { ...person, password })
    return page
  }
  const [here, second, third] = [await open(person.password), await open(person.password), await open(person.password)]
  await here.getByRole('link', { name: 'Your account' }).click()
  await expect(here.getByRole('heading', { name: 'Your account', level: 1 })).toBeVisible()
  const sessions = here.getByRole('list', { name: 'Sessions' }).getByRole('listitem')
  await expect(sessions).toHaveCount(3)
  await expect(sessions.first()).toContainText('This one')
  await sessions.nth(1).getByRole('button', { name: /^End/ }).click()
  await expect(sessions).toHaveCount(2)
  await expect(here.getByText('The session has ended.', { exact: true })).toBeFocused()
  await third.goto('/backups')
  await expect(third).toHaveURL(/\/sign-in/)
  await second.goto('/backups')
  await expect(second.getByRole('heading', { name: 'Backups', level: 1 })).toBeVisible()

  const form = here.getByRole('region', { name: 'Password' })
  await form.getByLabel('Current password').fill('not the password')
  await form.getByLabel('New password').fill('the-second-password')
  await here.keyboard.press('Enter')
  await expect(form.getByLabel('Current password')).toHaveAccessibleDescription('This is not your password.')
  await form.getByLabel('Current password').fill(person.password)
  // Until then the refusal is shown already, and the form still takes no other try.
  await expect(form.getByRole('button', { name: 'Change password' })).toBeEnabled()
  await here.keyboard.press('Enter')
  await expect(here.getByRole('status').filter({ hasText: 'Your password is changed.' })).toBeVisible()
  await expect(sessions).toHaveCount(1)
  await second.goto('/backups')
  await expect(second).toHaveURL(/\/sign-in/)
  await here.goto('/backups')
  await expect(here.getByRole('heading', { name: 'Backups', level: 1 })).toBeVisible()
  for (const page of [second, third]) await signIn(page, { ...person, password: 'the-second-password' })
  await here.goto('/account')
  await expect(sessions).toHaveCount(3)
  await here.getByRole('button', { name: 'End all others' }).click()
  await expect(here.getByText('All other sessions have ended.', { exact: true })).toBeFocused()
  await expect(sessions).toHaveCount(1)
  await second.goto('/backups')
  await expect(second).toHaveURL(/\/sign-in/)
  await signIn(third, { ...person, password: 'the-second-password' })
  for (const page of [here, second, third]) await page.context().close()
})

import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from '@playwright/test'
import pg from 'pg'
import { administrator, type TestConsole } from './console.ts'
import { expect, sessionOf, signIn, test } from './fixtures.ts'

/** A database of the console that runs here, for what no page makes. */
async function query<R extends pg.QueryResultRow>({ dataDir }: TestConsole, text: string, values: unknown[] = []) {
  const { databaseUrl } = JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8'))
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query<R>(text, values)).rows
  } finally {
    await client.end()
  }
}

async function add(console: TestConsole, name: string, role: string) {
  const person = { email: `${name}@example.test`, password: `first-password-of-${name}` }
  const added = await console.byok(['user', 'add', person.email, '--role', role], { input: `${person.password}\n` })
  expect(added.code, added.stderr).toBe(0)
  return person
}

/** Answers the question for the own password. */
async function confirm(page: Page, button: string): Promise<void> {
  const question = page.getByRole('alertdialog')
  await question.getByLabel('Your password').fill(administrator.password)
  await question.getByRole('button', { name: button }).click()
}

const refusals = (console: TestConsole, email: string) =>
  query<{ subject: string }>(
    console,
    `SELECT DISTINCT subject FROM audit_event WHERE action = 'access.refused' AND actor = $1 ORDER BY subject`,
    [email],
  )

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
    storageState: await sessionOf(browser, console, newcomer),
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

test('operators and viewers do not get in, not by calling the actions either; each try is in the audit log', async ({
  signedIn: page,
  console,
  browser,
  request,
}) => {
  const target = await add(console, 'target', 'operator')
  const [row] = await query<{ id: string }>(console, 'SELECT id FROM "user" WHERE email = $1', [target.email])
  const address = `/settings/users/${row?.id}`

  // What the administrator's page really sends, to be sent again by others.
  const sent: { id: string; body: string; url: string }[] = []
  page.on('request', (one) => {
    const id = one.headers()['next-action']
    if (id) sent.push({ id, body: one.postData() ?? '', url: one.url() })
  })
  await page.goto(address)
  await page.getByLabel('Administrator').check()
  await page.getByRole('button', { name: 'Change role…' }).click()
  await page.getByRole('alertdialog').getByLabel('Your password').fill('not the password')
  await page.keyboard.press('Enter')
  await expect(page.getByText('This is not your password.')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Signed out everywhere.' })).toBeVisible()
  expect(sent.length).toBe(2)

  for (const role of ['operator', 'viewer']) {
    const person = await add(console, `insider-${role}`, role)
    const state = await sessionOf(browser, console, person)
    const context = await browser.newContext({ baseURL: console.url, storageState: state })
    const theirs = await context.newPage()
    // Whatever the console itself leads them to is allowed.
    for (const url of ['/', '/backups', '/keys', '/settings/backup-environment', '/settings/api-tokens', '/account']) {
      await theirs.goto(url)
      await theirs.waitForLoadState('networkidle')
    }
    await expect(theirs.getByRole('link', { name: 'Users' })).toHaveCount(0)
    expect(await refusals(console, person.email)).toEqual([])

    for (const url of ['/settings/users', address]) expect((await theirs.goto(url))?.status()).toBe(404)
    expect(await refusals(console, person.email)).toEqual([
      { subject: `Managing users: the role ${role} does not allow it.` },
    ])
    await query(console, `DELETE FROM "rateLimit" WHERE "key" LIKE 'refused:%'`)

    const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const before = await query(console, 'SELECT id FROM session WHERE "userId" = $1', [row?.id])
    for (const { id, body, url } of sent) {
      const answer = await request.post(url, {
        data: body.replace('not the password', person.password),
        headers: {
          cookie,
          origin: console.url,
          'next-action': id,
          'content-type': 'text/plain;charset=UTF-8',
          accept: 'text/x-component',
        },
      })
      expect(await answer.text()).toContain(`Your role (${role}) does not allow this.`)
    }
    expect(await query(console, 'SELECT role FROM "user" WHERE id = $1', [row?.id])).toEqual([{ role: 'operator' }])
    expect(await query(console, 'SELECT id FROM session WHERE "userId" = $1', [row?.id])).toEqual(before)
    await context.close()
  }
})

test('a program whose token does not allow it is refused with a row', async ({ console, request }) => {
  const person = await add(console, 'program', 'operator')
  const made = await console.byok([
    'token',
    'create',
    '--name',
    'ci',
    '--scope',
    'backup:create',
    '--user',
    person.email,
  ])
  const headers = { authorization: `Bearer ${made.stdout.trim()}` }
  expect((await request.get(`${console.url}/api/v1/backups`, { headers })).status()).toBe(403)
  await console.byok(['user', 'role', person.email, 'viewer'])
  const put = await request.put(`${console.url}/api/v1/backups?name=a`, { headers, data: 'a' })
  expect(put.status()).toBe(403)
  const [first, second] = await refusals(console, person.email)
  expect(second?.subject).toMatch(/^Seeing backups and keys: API token ci \(vct_.{8}…\)\. .*no scope backup:read\.$/)
  expect(first?.subject).toMatch(
    /^Making, verifying or cancelling backups: API token ci \(vct_.{8}…\)\. The role .* does not allow backup:create\.$/,
  )
})

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
  await expect(here.getByRole('status').filter({ hasText: /ended|left/ })).toBeFocused()
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
  await here.keyboard.press('Enter')
  await expect(here.getByRole('status').filter({ hasText: 'Your password is changed.' })).toBeVisible()
  await expect(sessions).toHaveCount(1)
  await second.goto('/backups')
  await expect(second).toHaveURL(/\/sign-in/)
  await here.goto('/backups')
  await expect(here.getByRole('heading', { name: 'Backups', level: 1 })).toBeVisible()
  await signIn(third, { ...person, password: 'the-second-password' })
  for (const page of [here, second, third]) await page.context().close()
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

test('the command line lists, changes and removes people; the last administrator stays', async ({ console, page }) => {
  const person = await add(console, 'terminal', 'viewer')
  const user = (...args: string[]) => console.byok(['user', ...args])
  const listed = await user('list', '--json')
  expect(JSON.parse(listed.stdout).users).toContainEqual(
    expect.objectContaining({ email: person.email, role: 'viewer', lastSeenAt: null, sessions: 0, tokens: 0 }),
  )
  expect((await user('list')).stdout).toContain(`${person.email}  viewer  never seen  0 sessions, 0 API tokens`)
  expect(await user('role', 'Terminal@Example.TEST', 'operator')).toMatchObject({
    code: 0,
    stdout: 'terminal@example.test is operator now.\n',
  })
  expect((await user('role', person.email, 'root')).code).toBe(2)
  // Other tests may have added some to this console.
  const others = await query<{ id: string }>(
    console,
    `UPDATE "user" SET role = 'viewer' WHERE role = 'administrator' AND email <> $1 RETURNING id`,
    [administrator.email],
  )
  for (const args of [
    ['role', administrator.email, 'viewer'],
    ['remove', administrator.email, '--yes'],
  ])
    expect(await user(...args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${administrator.email} is the last administrator.`),
    })
  await query(console, `UPDATE "user" SET role = 'administrator' WHERE id = ANY($1)`, [others.map(({ id }) => id)])
  expect(await user('remove', 'nobody@example.test')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('byok user list'),
  })

  // As whoever forgot theirs does.
  await page.goto(`${console.url}/sign-in`)
  await expect(page.getByText('npx byok user password')).toBeVisible()
  const given = await console.byok(['user', 'password', person.email], { input: 'a-second-password\n' })
  expect(given).toMatchObject({ code: 0 })
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill('a-second-password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  expect((await user('sign-out', person.email)).stdout).toContain('1 session ended')
  await page.reload()
  await expect(page).toHaveURL(/\/sign-in/)

  expect(await user('remove', person.email)).toMatchObject({ code: 1, stderr: expect.stringContaining('Say --yes') })
  expect((await user('remove', person.email, '--yes')).stdout).toContain(`${person.email} is removed.`)
  expect((await user('list')).stdout).not.toContain(person.email)
})

import { expect, sessionOf, test } from './fixtures.ts'
import { add, query, refusals } from './people.ts'

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
    const state = await sessionOf(console, person)
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

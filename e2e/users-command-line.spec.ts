import { administrator } from './console.ts'
import { expect, test } from './fixtures.ts'
import { add, query } from './people.ts'

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
      // Before it says what ends.
      stdout: '',
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
  const given = await console.byok(['user', 'password', person.email], { input: 'an-umbrella-of-copper\n' })
  expect(given).toMatchObject({ code: 0 })
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill('an-umbrella-of-copper')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  expect((await user('sign-out', person.email)).stdout).toContain('1 session ended')
  await page.reload()
  await expect(page).toHaveURL(/\/sign-in/)

  expect(await user('remove', person.email)).toMatchObject({ code: 1, stderr: expect.stringContaining('Say --yes') })
  expect((await user('remove', person.email, '--yes')).stdout).toContain(`${person.email} is removed.`)
  expect((await user('list')).stdout).not.toContain(person.email)
})

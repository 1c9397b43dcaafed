import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { administrator } from './console.ts'
import { expect, keyOf, openSettings, saveKey, sessionOf, test } from './fixtures.ts'

const pages = [
  '/',
  '/backups',
  '/backups/00000000-0000-7000-8000-000000000000',
  '/audit',
  '/settings/backup-environment',
  '/settings/users',
  '/settings/users/00000000-0000-7000-8000-000000000000',
  '/account',
  '/settings/sandbox',
]

test('without a session every page leads to the sign-in page, and nothing is told', async ({
  console,
  sandbox,
  request,
}) => {
  for (const page of pages) {
    const answer = await request.get(console.url + page, { maxRedirects: 0 })
    expect([303, 307], page).toContain(answer.status())
    expect(answer.headers().location, page).toMatch(/^\/sign-in/)
    expect(await answer.text(), page).not.toContain('arn:aws')
  }
  for (const url of [
    '/api/progress?of=backup:00000000-0000-7000-8000-000000000000',
    '/api/progress?of=restore:00000000-0000-7000-8000-000000000000',
    '/api/audit',
  ]) {
    expect((await request.get(console.url + url)).status(), url).toBe(401)
  }
  const health = await request.get(`${console.url}/api/health`)
  expect(health.status()).toBe(200)
  const text = await health.text()
  expect(['ok', 'degraded']).toContain(JSON.parse(text).status)
  for (const secret of ['arn:', 'vault-hosted', sandbox.accounts[0]?.accessKeyId ?? 'arn:'])
    expect(text).not.toContain(secret)
})

test('a viewer sees and cannot change; an operator backs up and cannot change settings; neither sees the audit log', async ({
  signedIn,
  console,
  sandbox,
  browser,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  for (const role of ['viewer', 'operator']) {
    const person = { email: `${role}@example.test`, password: `a-password-for-the-${role}` }
    const added = await console.byok(['user', 'add', person.email, '--role', role], { input: `${person.password}\n` })
    expect(added.code, added.stderr).toBe(0)
    const context = await browser.newContext({
      baseURL: console.url,
      storageState: await sessionOf(console, person),
    })
    const page = await context.newPage()
    await page.goto('/settings/backup-environment')
    await expect(page.getByRole('button', { name: 'Save Settings' })).toHaveCount(0)
    await expect(page.getByRole('link', { name: 'Audit' })).toHaveCount(0)
    expect((await page.goto('/audit'))?.status()).toBe(404)
    expect((await page.request.get('/api/audit')).status()).toBe(403)
    await page.goto('/backups')
    await expect(page.getByRole('button', { name: 'Back up now' })).toHaveCount(role === 'operator' ? 1 : 0)
    await context.close()
  }
})

test('an administrator checks the audit log, and exports what its filters show; that is in the log, too', async ({
  signedIn,
}) => {
  await signedIn.goto('/audit')
  await signedIn.getByRole('button', { name: 'Check all' }).click()
  await expect(signedIn.getByRole('status').filter({ hasText: /^All in order: [\d,]+ events?, since / })).toBeVisible()
  await signedIn.goto('/audit?action=auth.setup')
  const download = signedIn.waitForEvent('download')
  await signedIn.getByRole('link', { name: 'Export these as CSV' }).click()
  const file = await download
  expect(file.suggestedFilename()).toMatch(/^audit-\d{4}-\d\d-\d\d\.csv$/)
  const [head, ...rows] = (await readFile(await file.path(), 'utf8')).trimEnd().split('\r\n')
  expect(head).toMatch(/^number,id,at,/)
  for (const row of rows) expect(row).toContain(',auth.setup,')
  await signedIn.goto('/audit?action=audit.export')
  await expect(signedIn.getByRole('row', { name: /Audit log exported/ })).toContainText('CSV, action auth.setup')
})

test('an address that cannot be decoded is one that leads nowhere', async ({ console, request, signedIn }) => {
  for (const path of ['/%', '/backups/%E0%A4%A', '/_next/%ff?q=%'])
    expect((await request.get(console.url + path, { maxRedirects: 0 })).status(), path).not.toBe(500)
  for (const path of ['/api/%', '/api/backups/%E0%A4%A']) {
    const answer = await request.get(console.url + path)
    const nowhere = { message: 'There is no such address.', fix: null }
    expect([answer.status(), await answer.json()], path).toEqual([404, nowhere])
  }
  expect((await signedIn.goto('/backups/%E0%A4%A'))?.status()).toBe(404)
  await expect(signedIn.getByRole('heading', { name: /There is no such backup/ })).toBeVisible()
  expect((await signedIn.goto('/%E0%A4%A'))?.status()).toBe(404)
  await expect(signedIn.getByRole('heading', { name: 'There is nothing at this address' })).toBeVisible()
  await expect(signedIn.getByRole('link', { name: 'Go to the overview' })).toBeVisible()
})

test('no action fails over what it is sent: whatever that is, the answer is a sentence', async ({
  console,
  request,
  session,
}) => {
  const manifest = await readFile('.next/server/server-reference-manifest.json', 'utf8')
  const { node } = z
    .object({ node: z.record(z.string(), z.object({ exportedName: z.string() })) })
    .parse(JSON.parse(manifest))
  // That one takes nothing, and would end the session of the other tests.
  const actions = Object.entries(node).filter(([, { exportedName }]) => exportedName !== 'signOut')
  expect(actions.length).toBeGreaterThan(20)
  const cookie = session.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  // Those that take nothing do what they do: they get nothing.
  const nothing = ['restore', 'emptyStore']
  for (const [id, { exportedName: name }] of actions) {
    if (nothing.includes(name)) continue
    for (const data of ['[]', '[null]', '[7]', '["\\u0000"]', '[{}]', '[{},"x"]', '[{},{"kind":[]}]', '[[],[]]']) {
      const answer = await request.post(console.url, {
        data,
        headers: {
          cookie,
          origin: console.url,
          'next-action': id,
          'content-type': 'text/plain;charset=UTF-8',
          accept: 'text/x-component',
        },
      })
      expect(answer.status(), `${name} of ${data}`).toBe(200)
    }
  }
})

test('a password read from nowhere, a short one and a second user of the same address are refused', async ({
  console,
}) => {
  const add = (input: string, ...more: string[]) =>
    console.byok(['user', 'add', 'again@example.test', '--role', 'viewer', ...more], { input })
  expect((await add('')).code).toBe(1)
  expect((await add('too short')).stderr).toContain('At least 12 characters')
  expect((await add('long-enough-password')).code).toBe(0)
  const second = await add('long-enough-password')
  expect(second.code).toBe(1)
  expect(second.stderr).toContain('There is already a user')
})

test('wrong passwords are answered alike, counted, and stopped after ten', async ({ console, request }) => {
  const email = 'limited@example.test'
  await console.byok(['user', 'add', email, '--role', 'viewer'], { input: 'long-enough-password' })
  const attempt = (address: string, password: string) =>
    request.post(`${console.url}/api/auth/sign-in/email`, {
      data: { email: address, password },
      headers: { origin: console.url },
    })
  const unknown = await attempt('nobody@example.test', 'wrong-password')
  const wrong = await attempt(email, 'wrong-password')
  expect(wrong.status()).toBe(401)
  expect(unknown.status()).toBe(401)
  expect(await wrong.text()).toBe(await unknown.text())
  // The session's token is in a cookie that no script sees, and nowhere else.
  await console.byok(['user', 'add', 'seen@example.test', '--role', 'viewer'], { input: 'long-enough-password' })
  const taken = await attempt('seen@example.test', 'long-enough-password')
  expect(taken.status()).toBe(204)
  expect(taken.headers()['set-cookie']).toMatch(/; httponly/i)
  expect((await attempt('seen@example.test', 'wrong-password')).headers()['set-cookie']).toBeUndefined()
  // More than an address and a password is not even read.
  expect((await attempt(email, 'x'.repeat(20_000))).status()).toBe(413)
  for (let tries = 1; tries < 10; tries += 1) expect((await attempt(email, `wrong-${tries}`)).status()).toBe(401)
  const stopped = await attempt(email, 'long-enough-password')
  expect(stopped.status()).toBe(429)
  expect(Number(stopped.headers()['x-retry-after'])).toBeGreaterThan(0)
})

test('who sends a hundred passwords at once is told to wait, and nobody waits behind them', async ({
  console,
  request,
}) => {
  const attempt = (email: string, password: string) =>
    request.post(`${console.url}/api/auth/sign-in/email`, {
      data: { email, password },
      headers: { origin: console.url },
    })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => attempt(`nobody-${index}@example.test`, 'wrong-password')),
  )
  const refused = answers.filter((answer) => answer.status() === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers()['x-retry-after']).toBe('5')
  expect(answers.every((answer) => [401, 429].includes(answer.status()))).toBe(true)
  expect((await attempt(administrator.email, administrator.password)).status()).toBe(204)
})

test('every page carries the headers that keep it from other sites', async ({ signedIn: page }) => {
  for (const url of [...pages.filter((one) => !one.includes('0000')), '/sign-in', '/no-such-page']) {
    const headers = (await page.goto(url))?.headers() ?? {}
    const policy = headers['content-security-policy'] ?? ''
    expect(policy, url).toMatch(/script-src 'self' 'nonce-[A-Za-z0-9+/=]+' 'strict-dynamic'/)
    for (const rule of ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
      expect(policy, url).toContain(rule)
    expect(policy, url).not.toContain('unsafe-inline')
    expect(headers['x-content-type-options'], url).toBe('nosniff')
    expect(headers['cross-origin-opener-policy'], url).toBe('same-origin')
    expect(headers['cache-control'], url).toContain('no-store')
    expect(headers['x-powered-by'], url).toBeUndefined()
  }
  // Also where Next keeps its own files, and there is none.
  for (const url of ['/_next/static/none.js', '/_next/static/..%2fnone', '/_next/statics', '/_next/image']) {
    const headers = (await page.request.get(url)).headers()
    for (const rule of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
      expect(headers['content-security-policy'], url).toContain(rule)
    expect(headers['cache-control'], url).toContain('no-store')
  }
  expect((await page.request.fetch('/sign-in', { method: 'TRACE' })).status()).toBe(405)
})

test('nothing on any page breaks its own security policy', async ({ signedIn: page }) => {
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  for (const url of ['/', '/backups', '/audit', '/settings/backup-environment', '/settings/sandbox']) {
    await page.goto(url)
    await page.waitForLoadState('networkidle')
  }
  expect(complaints).toEqual([])
})

test('a signed-in browser that another site uses is refused', async ({ signedIn: page, console, session, request }) => {
  const cookie = session.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const progress = await request.get(`${console.url}/api/progress?of=backup:00000000-0000-7000-8000-000000000000`, {
    headers: { cookie, 'sec-fetch-site': 'cross-site' },
  })
  expect(progress.status()).toBe(403)

  // Record what the form really sends, then send it again as another site would, and without saying from where.
  await openSettings(page, 'us-east-1')
  const [sent] = await Promise.all([
    page.waitForRequest((one) => one.method() === 'POST' && one.url().endsWith('/api/environment/check')),
    (async () => {
      await page.getByLabel('AES-256').check()
      await page.getByRole('button', { name: 'Test key' }).click()
    })(),
  ])
  const { 'content-type': type = '' } = sent.headers()
  for (const origin of ['https://evil.example', 'null', undefined]) {
    const answer = await request.post(sent.url(), {
      data: sent.postDataBuffer() ?? Buffer.alloc(0),
      headers: { cookie, 'content-type': type, ...(origin && { origin, 'sec-fetch-site': 'cross-site' }) },
    })
    expect(answer.status(), String(origin)).toBe(403)
    const text = await answer.text()
    expect(text, String(origin)).not.toContain('"credentials"')
    expect(text, String(origin)).not.toContain('durationMs')
  }
})

import { createServer, request as forward } from 'node:http'
import path from 'node:path'
import { type BrowserContext, test as base, type Page } from '@playwright/test'
import { z } from 'zod'
import { administrator, logsOf, startConsole, type TestConsole } from './console.ts'
import { chooseRegion, expect, saveSettings, signIn } from './fixtures.ts'
import { dumpDatabase, filesWith, secretsIn } from './search.ts'
import { plantTree } from './tree.ts'

/** Stands between the console and KMS, and does to it what a network and an administrator do. */
async function openKmsInBetween() {
  let target = ''
  let mode: 'forward' | 'cut' | 'denied' | 'throttled' = 'forward'
  const server = createServer((incoming, response) => {
    if (mode === 'cut') {
      incoming.socket.destroy()
      return
    }
    if (mode !== 'forward') {
      const type = mode === 'denied' ? 'AccessDeniedException' : 'ThrottlingException'
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify({ __type: type, message: 'Rate exceeded' }))
      return
    }
    const { method, url, headers } = incoming
    const asked = forward(new URL(url ?? '/', target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    asked.on('error', () => response.destroy())
    incoming.pipe(asked)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    to: (endpoint: string) => {
      target = endpoint
    },
    be: (next: typeof mode) => {
      mode = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const test = base.extend<{ kms: Awaited<ReturnType<typeof openKmsInBetween>> }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures it needs from this pattern
  kms: async ({}, use) => {
    const kms = await openKmsInBetween()
    await use(kms)
    await kms.close()
  },
})
test.setTimeout(600_000)

const awskms = { VAULT_SEAL_TYPE: 'awskms', VAULT_AWSKMS_SEAL_KEY_ID: 'alias/backups' }
const health = async ({ url }: TestConsole) => {
  const answer = await fetch(`${url}/api/health`)
  return { status: answer.status, body: await answer.json() }
}
const opens = (console: TestConsole) =>
  expect.poll(async () => (await health(console)).status, { timeout: 60_000, intervals: [250] }).toBe(200)

test('local, sealed while the root keys stand under it, migrated, and through every trouble of KMS', async ({
  browser,
  kms,
}) => {
  let console = await startConsole()
  const context = await browser.newContext({ baseURL: console.url })
  try {
    const page = await context.newPage()
    await signIn(page, administrator)
    await page.goto('/settings/seal')
    await expect(page.getByText('A KMS key is stronger.')).toBeVisible()
    await look(page, 'local')
    const { stdout } = await console.byok(['sandbox', 'info'])
    const sandbox = JSON.parse(stdout)
    kms.to(sandbox.endpoint)
    await keepSomething(page, console, sandbox.accounts[0])
    const secrets = new Map<string, Buffer>()
    await learn(console, secrets)
    await nowhere(console, secrets)

    await console.stop()
    console = await console.again({ ...awskms, AWS_KMS_ENDPOINT: kms.url })
    expect(console.printed()).toContain('byok seal status')
    await isSealed(console, context, page)
    expect((await console.byok(['seal', 'status'])).stderr).toContain('byok seal migrate')
    await nowhere(console, secrets)
    const moved = await console.byok(['seal', 'migrate'])
    expect(moved, moved.stderr).toMatchObject({ code: 0 })
    await opens(console)
    await expect(page.getByRole('heading', { name: 'This console is sealed' })).toBeHidden({ timeout: 30_000 })
    await learn(console, secrets)
    const rotated = await console.byok(['seal', 'rotate-root'])
    expect(rotated, rotated.stderr).toMatchObject({ code: 0 })
    await learn(console, secrets)
    await nowhere(console, secrets)
    await stillThere(page, console)
    await page.goto('/settings/seal')
    await expect(page.getByText('VAULT_AWSKMS_SEAL_KEY_ID')).toBeVisible()
    await look(page, 'awskms')

    await console.stop()
    kms.be('cut')
    console = await console.again()
    await isSealed(console, context, page)
    for (const [mode, words] of [
      ['cut', /reach|answer/i],
      ['denied', /refused|denied/i],
      ['throttled', /calls too often/],
    ] as const) {
      kms.be(mode)
      const { code, stderr } = await console.byok(['seal', 'status'])
      expect({ mode, code }).toEqual({ mode, code: 4 })
      expect(stderr, mode).toMatch(words)
    }
    const logs = logsOf(console)
    expect(logs).toContain('This console is sealed')
    expect(console.printed()).not.toContain('started again')
    await nowhere(console, secrets)
    kms.be('forward')
    await opens(console)
    await stillThere(page, console)
    await nowhere(console, secrets)
  } finally {
    await context.close()
    await console.remove()
  }
})

/** An access key of its own and a backup of method AES-256: two things that only the root keys open. */
async function keepSomething(
  page: Page,
  console: TestConsole,
  account: { accessKeyId: string; secretAccessKey: string },
): Promise<void> {
  await page.goto('/settings/backup-environment')
  await chooseRegion(page, 'us-east-1')
  await page.getByLabel('Automatically Encrypt data stored in Vault').check()
  await page.getByLabel('AES-256').check()
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await page.getByRole('textbox', { name: 'Bucket' }).fill('vault-hosted-us-east-1')
  await page.getByRole('radio', { name: /^Access key/ }).check()
  await page.getByLabel('Access key ID').fill(account.accessKeyId)
  await page.getByLabel('Secret access key').fill(account.secretAccessKey)
  await saveSettings(page)
  plantTree(path.join(console.sources, 'kept'), { files: 3, seed: 1 })
  const made = await console.byok(['backup', 'create', path.join(console.sources, 'kept'), '--json'])
  expect(made.stdout, made.stderr).toContain('"state": "complete"')
  const token = await console.byok(['token', 'create', '--name', 'kept', '--scope', 'backup:read'])
  expect(token.stdout, token.stderr).toContain('vct_')
}

async function stillThere(page: Page, console: TestConsole): Promise<void> {
  const listed = await console.byok(['backup', 'list', '--json'])
  const [id] = listed.stdout.match(/[0-9a-f]{8}-[0-9a-f-]{27}/) ?? []
  const verified = await console.byok(['backup', 'verify', id ?? ''])
  expect(verified, verified.stderr).toMatchObject({ code: 0 })
  const checked = await console.byok(['key', 'check'])
  expect(checked.stdout + checked.stderr).not.toMatch(/secret|sealed/i)
  // The key that signs sessions was sealed, too, and opened again: nobody was signed out.
  await page.goto('/')
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
}

async function isSealed(console: TestConsole, context: BrowserContext, page: Page): Promise<void> {
  expect(await health(console)).toEqual({ status: 503, body: { status: 'sealed' } })
  for (const url of ['/', '/sign-in', '/setup', '/backups', '/settings/seal', '/nowhere']) {
    const answer = await page.goto(url)
    expect(answer?.status(), url).toBe(503)
    await expect(page.getByRole('heading', { name: 'This console is sealed' }), url).toBeVisible()
    await expect(page.getByText('alias/backups'), url).toHaveCount(0)
  }
  await look(page, 'sealed')
  for (const [method, url] of [
    ['GET', '/api/v1/backups'],
    ['POST', '/api/auth/sign-in/email'],
  ]) {
    const answer = await context.request.fetch(url ?? '', { method: method ?? 'GET', data: undefined })
    expect({ url, status: answer.status() }).toEqual({ url, status: 503 })
    const message: unknown = expect.stringContaining('This console is sealed')
    expect(await answer.json(), url).toEqual({ message, fix: null })
  }
  // Only a server action is let through, to answer in words of its own, and this is none.
  const headers = { 'next-action': '0'.repeat(42), origin: console.url }
  expect((await context.request.get('/settings/seal', { headers })).status()).toBe(503)
  const action = await context.request.post('/settings/seal', { headers, data: '[]' })
  expect(action.ok()).toBe(false)
  expect(await action.text()).not.toContain('alias/backups')
  for (const args of [
    ['backup', 'list'],
    ['environment', 'show'],
    ['seal', 'status'],
    ['seal', 'rotate-root'],
  ]) {
    const { code, stderr } = await console.byok(args)
    expect({ args, code }, stderr).toEqual({ args, code: 4 })
  }
}

/** What a console that is open keeps to itself, added to what it kept before: nothing that was secret stops being it. */
async function learn(console: TestConsole, secrets: Map<string, Buffer>): Promise<void> {
  const { stdout, stderr } = await console.runs('lib/seal/every-secret-for-tests.ts')
  const found = z.record(z.string(), z.base64()).parse(JSON.parse(stdout || stderr))
  for (const [name, secret] of Object.entries(found)) secrets.set(name, Buffer.from(secret, 'base64'))
  const kinds = ['root-key/', 'installation.auth_secret', 'api_token.pepper', 'environment.secret', 'key of backup']
  for (const kind of kinds)
    expect(
      [...secrets.keys()].some((name) => name.startsWith(kind)),
      kind,
    ).toBe(true)
}

async function nowhere(console: TestConsole, secrets: ReadonlyMap<string, Buffer>): Promise<void> {
  const database = await dumpDatabase(console.dataDir)
  // The search can find: what a secret is wrapped as is there.
  expect(database).toContain([...secrets.keys()].find((name) => name.startsWith('root-key/')))
  const places = { database, logs: logsOf(console), printed: console.printed() }
  for (const [place, text] of Object.entries(places)) expect(secretsIn(Buffer.from(text), secrets), place).toEqual([])
  // The sandbox is AWS here, and knows the keys of its users.
  expect(filesWith(console.dataDir, secrets, (file) => !file.startsWith(`sandbox${path.sep}`))).toEqual([])
}

async function look(page: Page, name: string): Promise<void> {
  const folder = process.env.VAULT_TEST_SCREENSHOTS
  if (folder === undefined) return
  for (const [width, colorScheme] of [
    [1440, 'light'],
    [390, 'dark'],
    [1440, 'dark'],
    [390, 'light'],
  ] as const) {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: path.join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true })
  }
  await page.setViewportSize({ width: 1440, height: 900 })
}

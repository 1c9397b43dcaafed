import { type BrowserContext, test as base, expect, type Page, request } from '@playwright/test'
import type { SandboxInfo, SandboxKey } from '#lib/sandbox/info.ts'
import { administrator, startConsole, type TestConsole } from './console.ts'

interface WorkerFixtures {
  /** One console for all tests of a worker, with an administrator. */
  console: TestConsole
  sandbox: SandboxInfo
  session: Awaited<ReturnType<BrowserContext['storageState']>>
  /** What a browser keeps between the pages of the administrator: without it each test would load every script anew. */
  desk: BrowserContext
}

export const test = base.extend<{ signedIn: Page }, WorkerFixtures>({
  console: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures it needs from this pattern
    async ({}, use) => {
      const running = await startConsole()
      await use(running)
      await running.remove()
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  sandbox: [
    async ({ console }, use) => {
      const { stdout } = await console.byok(['sandbox', 'info'])
      await use(JSON.parse(stdout))
    },
    { scope: 'worker' },
  ],
  session: [
    async ({ console }, use) => {
      await use(await sessionOf(console))
    },
    { scope: 'worker' },
  ],
  desk: [
    async ({ browser, console, session }, use, { project }) => {
      const { viewport, contextOptions } = project.use
      const context = await browser.newContext({
        ...contextOptions,
        baseURL: console.url,
        storageState: session,
        ...(viewport && { viewport }),
      })
      await use(context)
      await context.close()
    },
    { scope: 'worker' },
  ],
  /** A page of the administrator, who is signed in. */
  signedIn: async ({ desk, session }, use) => {
    await use(await desk.newPage())
    for (const page of desk.pages()) await page.close()
    await desk.clearPermissions()
    await desk.clearCookies()
    await desk.addCookies(session.cookies)
  },
})

export { expect }

/** Signed in without a page, which costs seconds: `signIn` goes through the form, in the tests of that. */
export async function sessionOf({ url }: TestConsole, { email, password } = administrator) {
  const asking = await request.newContext({ baseURL: url, extraHTTPHeaders: { origin: url } })
  const answer = await asking.post('/api/auth/sign-in/email', { data: { email, password } })
  expect(answer.status(), await answer.text()).toBe(204)
  const state = await asking.storageState()
  await asking.dispose()
  return state
}

export async function signIn(page: Page, person: { email: string; password: string }): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
}

export function keyOf(sandbox: SandboxInfo, region: string, alias: string): SandboxKey {
  const key = sandbox.keys.find((one) => one.region === region && one.alias === `alias/${alias}`)
  if (!key) throw new Error(`The sandbox has no alias/${alias} in ${region}.`)
  return key
}

/** In Settings > Backup Environment: chooses a Region in its searchable list. */
export async function chooseRegion(page: Page, region: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Region' }).click()
  await page.getByRole('combobox', { name: 'Search' }).or(page.getByPlaceholder('Search')).first().fill(region)
  await page.getByRole('option', { name: new RegExp(region) }).click()
}

/** Opens Settings > Backup Environment and asks for AWS-KMS in the hosted bucket, whatever another test saved. */
export async function openSettings(page: Page, region: string): Promise<void> {
  await page.goto('/settings/backup-environment')
  await chooseRegion(page, region)
  await page.getByLabel('Automatically Encrypt data stored in Vault').check()
  await page.getByLabel('AWS-KMS').check()
  await page.getByLabel('AR Vault Hosted Backup Environment').check()
  const furtherKeys = page.getByRole('button', { name: /^Remove further key \d+$/ })
  for (let left = await furtherKeys.count(); left > 0; left -= 1) {
    await furtherKeys.first().click()
    await expect(furtherKeys).toHaveCount(left - 1)
  }
}

/** Saves AWS-KMS with this key, in the hosted bucket of its Region. */
export async function saveKey(page: Page, { arn, region }: Pick<SandboxKey, 'arn' | 'region'>): Promise<void> {
  await openSettings(page, region)
  await page.getByLabel('Master Key').fill(arn)
  await saveSettings(page)
}

/** Presses Save Settings and, where the save changes who can read backups, gives the password once more. */
export async function saveSettings(page: Page, { password } = administrator): Promise<void> {
  await page.getByRole('button', { name: 'Save Settings' }).click()
  const saved = page.getByRole('status').filter({ hasText: 'Settings saved' })
  const question = page.getByRole('alertdialog')
  await expect(saved.or(question)).toBeVisible()
  if (await question.isVisible()) {
    if (await question.getByLabel('Type “unencrypted” to go on').isVisible())
      await question.getByLabel('Type “unencrypted” to go on').fill('unencrypted')
    if (await question.getByLabel('Your password').isVisible())
      await question.getByLabel('Your password').fill(password)
    await question.getByRole('button', { name: 'Confirm and save' }).click()
  }
  await expect(saved).toBeVisible()
}

/** A new token of the administrator. */
export async function tokenOf(console: TestConsole, scopes: string): Promise<string> {
  const made = await console.byok([
    'token',
    'create',
    '--name',
    'upload test',
    '--scope',
    scopes,
    '--user',
    'admin@example.test',
  ])
  expect(made.code, made.stderr).toBe(0)
  return made.stdout.trim()
}

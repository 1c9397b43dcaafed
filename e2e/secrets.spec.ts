import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { BrowserContext, Page } from '@playwright/test'
import type { SandboxInfo } from '#lib/sandbox/info.ts'
import { administrator, logsOf } from './console.ts'
import { chooseRegion, expect, keyOf, signIn, test } from './fixtures.ts'
import { dumpDatabase, holders } from './search.ts'
import { plantTree } from './tree.ts'

test('secrets that are typed are found nowhere: not in a response, a page, the database, a log or the data folder', async ({
  browser,
  console,
  sandbox,
}) => {
  const session = await assumeRole(sandbox)
  const wrong = `wrong+${randomBytes(24).toString('base64')}`
  const context = await browser.newContext({ baseURL: console.url })
  const recorded = record(context)
  const page = await context.newPage()
  await signIn(page, administrator)

  // A whole session: refused, tried, saved, looked at from every side, used, changed.
  await page.goto('/settings/backup-environment')
  await chooseRegion(page, 'us-east-1')
  await page.getByLabel('Automatically Encrypt data stored in Vault').check()
  await page.getByLabel('AWS-KMS').check()
  await page.getByLabel('Master Key').fill(keyOf(sandbox, 'us-east-1', 'backups').arn)
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await page.getByRole('textbox', { name: 'Bucket' }).fill('vault-hosted-us-east-1')
  await page.getByLabel('Prefix').fill('secrets')
  await page.getByRole('radio', { name: /^Access key/ }).check()
  await page.getByLabel('Access key ID').fill(session.accessKeyId)
  await page.getByLabel('Secret access key').fill(wrong)
  await page.getByLabel('Session token').fill(session.sessionToken)
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'Nothing was saved' })).toBeVisible()
  await recorded.look(page)
  await page.getByLabel('Secret access key').fill(session.secretAccessKey)
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('button', { name: 'Test key' })).toBeEnabled()
  await recorded.look(page)
  await page.getByRole('button', { name: 'Save Settings' }).click()
  const password = page.getByRole('alertdialog').getByLabel('Your password')
  const saved = page.getByRole('status').filter({ hasText: 'Settings saved' })
  await expect(password.or(saved).first()).toBeVisible()
  if (await password.isVisible()) {
    await password.fill(administrator.password)
    await page.getByRole('button', { name: 'Confirm and save' }).click()
  }
  await expect(saved).toBeVisible()

  await page.reload()
  await expect(page.getByLabel('Access key ID')).toHaveValue(session.accessKeyId)
  await expect(page.getByLabel('Secret access key')).toHaveValue('')
  await expect(page.getByLabel('Session token')).toHaveValue('')
  await expect(page.getByRole('heading', { name: 'Effective configuration' })).toBeVisible()
  await recorded.look(page)
  for (const url of ['/settings/backup-environment/history', '/audit', '/backups', '/settings/sandbox', '/']) {
    await page.goto(url)
    await expect(page.getByRole('main')).toBeVisible()
    await recorded.look(page)
  }

  const source = path.join(console.sources, 'secrets')
  plantTree(source, { files: 3, seed: 1 })
  const printed: string[] = []
  for (const args of [
    ['backup', 'create', source, '--json'],
    ['backup', 'list', '--json'],
    ['environment', 'show', '--json'],
    ['sandbox', 'info'],
  ]) {
    const { stdout, stderr } = await console.byok(args)
    printed.push(stdout, stderr)
  }
  expect(printed[0]).toContain('"state": "complete"')
  await page.goto('/backups')
  await recorded.look(page)
  await context.close()

  const database = await dumpDatabase(console.dataDir)
  const places = {
    ...(await recorded.everything()),
    'command line': printed.join('\n'),
    database,
    logs: logsOf(console),
    'what npm start printed': console.printed(),
  }
  // The search can find: what is no secret is there.
  expect(places.responses).toContain(session.accessKeyId)
  expect(places.pages).toContain(session.accessKeyId)
  expect(database).toContain(session.accessKeyId)
  expect(recorded.count()).toBeGreaterThan(50)

  const secrets = {
    'secret access key': session.secretAccessKey,
    'session token': session.sessionToken,
    'wrong secret access key': wrong,
    password: administrator.password,
  }
  for (const [what, secret] of Object.entries(secrets)) {
    for (const form of formsOf(secret)) {
      for (const [place, text] of Object.entries(places)) expect(text.includes(form), `${what} in ${place}`).toBe(false)
      expect(holders(console.dataDir, form), what).toEqual([])
    }
  }
})

/** A secret as it may be written: as it is, in an address, in JSON, in base64, and as bytes in a dump. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
      bytes.toString('base64').replace(/=+$/, '').slice(0, -1),
      bytes.toString('hex'),
    ]),
  ]
}

/** Every answer that a browser gets, with its address and headers, and every page as it then stands. */
function record(context: BrowserContext) {
  const responses: Promise<string>[] = []
  const pages: string[] = []
  const messages: string[] = []
  context.on('console', (message) => messages.push(message.text()))
  context.on('response', (response) => {
    const head = response.allHeaders().then((headers) => `${response.url()}\n${JSON.stringify(headers)}\n`)
    // A redirect has no body, and a stream that its page has left gives none either.
    const body = response.body().then(String, () => '')
    responses.push(Promise.all([head.catch(() => response.url()), body]).then((parts) => parts.join('')))
  })
  return {
    count: () => responses.length,
    async look(page: Page) {
      pages.push(await page.content(), await page.evaluate(() => JSON.stringify({ ...localStorage })))
    },
    async everything() {
      return {
        responses: (await Promise.all(responses)).join('\n'),
        pages: pages.join('\n'),
        'messages of the browser': messages.join('\n'),
      }
    },
  }
}

/** Credentials that nobody but this test has ever seen, a session token among them. */
async function assumeRole({ endpoint, accounts, roles }: SandboxInfo) {
  const [caller] = accounts
  const role = roles.find(({ usable }) => usable)
  if (!caller || !role) throw new Error('The sandbox offers no role.')
  const sts = new STSClient({ endpoint, region: 'us-east-1', credentials: caller })
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: 'recorded', ExternalId: 'of-the-test' }),
  )
  sts.destroy()
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {}
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

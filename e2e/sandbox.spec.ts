import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, keyOf, saveKey, sessionOf, test } from './fixtures.ts'
import { query } from './people.ts'

// Through the page: break it, see what Test key says, mend it, see that it works again.
const rehearsals = [
  { name: 'Key disabled', says: 'The key is disabled' },
  { name: 'Key scheduled for deletion', says: 'The key is scheduled for deletion' },
  { name: 'Permission kms:DescribeKey removed', says: 'DescribeKey is not allowed by any IAM policy' },
  { name: 'Permission kms:Encrypt removed', says: 'Encrypt is not allowed by any IAM policy' },
  { name: 'Permission kms:Decrypt removed', says: 'Decrypt is not allowed by any IAM policy' },
  { name: 'KMS throttled', says: 'calls too often' },
  { name: 'KMS down', says: 'could not be reached' },
  { name: 'Bucket gone', says: 'There is no such bucket' },
]

const proofOf = (page: Page) => page.getByRole('complementary', { name: 'Proof' })

async function openSandbox(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Sandbox', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Sandbox' })).toBeVisible()
}

const rowOf = (page: Page, name: string) =>
  page
    .getByRole('list', { name: 'Rehearsals' })
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { name }) })

async function testKey(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Backup Environment' }).click()
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('button', { name: 'Test key' })).toBeEnabled({ timeout: 30_000 })
}

test.describe.configure({ mode: 'serial' })

test('each rehearsal shows in Test key, and ending it puts everything back', async ({ signedIn: page, sandbox }) => {
  test.setTimeout(300_000)
  const key = keyOf(sandbox, 'us-east-1', 'backups')
  await saveKey(page, key)
  // Other tests of this console rehearse, too.
  const rows = page.getByRole('row').filter({ hasText: 'Rehearsal in the sandbox' })
  await page.goto('/audit?action=sandbox.rehearse')
  await expect(page.getByRole('heading', { level: 1, name: 'Audit' })).toBeVisible()
  const before = await rows.count()
  for (const { name, says } of rehearsals) {
    await openSandbox(page)
    await expect(page.getByLabel('Key', { exact: true })).toHaveValue(key.arn)
    await expect(page.getByLabel('Bucket', { exact: true })).toHaveValue('vault-hosted-us-east-1')
    await rowOf(page, name).getByRole('button', { name: 'Rehearse' }).click()
    await expect(page.getByRole('status').filter({ hasText: `Under way ${name}` })).toBeVisible()
    await testKey(page)
    await expect(proofOf(page), name).toContainText(says)

    await openSandbox(page)
    await page.getByRole('button', { name: 'End rehearsal' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'None under way' })).toBeVisible()
    await testKey(page)
    await expect(proofOf(page).getByText('Works', { exact: true }), `after ${name}`).toBeVisible()
  }
  await openSandbox(page)
  await rowOf(page, 'Slow network').getByRole('button', { name: 'Rehearse' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Under way Slow network' })).toBeVisible()
  await testKey(page)
  await expect(proofOf(page).getByText('Works', { exact: true })).toBeVisible()
  await openSandbox(page)
  await page.getByRole('button', { name: 'End rehearsal' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'None under way' })).toBeVisible()

  await page.goto('/audit?action=sandbox.rehearse')
  await expect(rows).toHaveCount(before + 2 * (rehearsals.length + 1))
  await expect(rows.filter({ hasText: 'Started: Key disabled' }).first()).toContainText(key.arn)
})

test('a rehearsal on another key leaves the one in use alone', async ({ signedIn: page, sandbox }) => {
  const other = keyOf(sandbox, 'us-east-1', 'archive')
  await page.goto('/settings/sandbox')
  await page.getByLabel('Key', { exact: true }).selectOption(other.arn)
  await rowOf(page, 'Key disabled').getByRole('button', { name: 'Rehearse' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Under way Key disabled' })).toBeVisible()
  await expect(page.getByLabel('Key', { exact: true })).toHaveValue(other.arn)
  const row = page.getByRole('table', { name: 'Keys in us-east-1' }).getByRole('row').filter({ hasText: 'Disabled' })
  await expect(row.filter({ has: page.locator(`[title="${other.arn}"]`) })).toContainText('Refused')
  await testKey(page)
  await expect(proofOf(page).getByText('Works', { exact: true })).toBeVisible()
  await page.goto('/settings/sandbox')
  await page.getByRole('button', { name: 'End rehearsal' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'None under way' })).toBeVisible()
})

test('faults of the command line show on the page, which clears them', async ({ signedIn: page, console }) => {
  // A call that nobody makes: the watch of keys would use one up.
  const add = ['sandbox', 'fault', 'add', '--service', 'kms', '--operation', 'ReEncrypt', '--effect', 'AccessDenied']
  const added = await console.byok([...add, '--times', '3', '--json'])
  expect(added.code, added.stderr).toBe(0)
  expect(JSON.parse(added.stdout)).toEqual([
    { service: 'kms', operation: 'ReEncrypt', effect: 'AccessDenied', times: 3 },
  ])
  await page.goto('/settings/sandbox')
  await expect(page.getByText('kms ReEncrypt: AccessDenied, 3 times')).toBeVisible()
  await page.getByRole('button', { name: 'Clear the faults' }).click()
  await expect(page.getByText('kms ReEncrypt: AccessDenied, 3 times')).toHaveCount(0)
  const listed = await console.byok(['sandbox', 'fault', 'list', '--json'])
  expect(JSON.parse(listed.stdout)).toEqual([])
})

test('emptying the store asks, says what is lost, and does it', async ({ signedIn: page, console }) => {
  const made = await console.byok(['backup', 'create', console.sources, '--name', 'to be lost'])
  expect(made.code, made.stderr).toBe(0)
  await page.goto('/settings/sandbox')
  const row = page.getByRole('table', { name: 'Buckets' }).getByRole('row').filter({ hasText: 'us-east-1' })
  await expect(row.getByRole('cell').nth(0)).not.toHaveText('0')
  await page.getByRole('button', { name: 'Empty all buckets' }).click()
  const dialog = page.getByRole('alertdialog')
  await expect(dialog).toContainText('can no longer be restored')
  await page.keyboard.press('Escape')
  await expect(dialog).toHaveCount(0)
  await expect(row.getByRole('cell').nth(0)).not.toHaveText('0')
  await page.getByRole('button', { name: 'Empty all buckets' }).click()
  await dialog.getByRole('button', { name: 'Delete every object' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'The buckets are empty' })).toBeVisible()
  await expect(row.getByRole('cell').nth(0)).toHaveText('0')
  // Whatever other tests backed up on this console is lost: no proof that a key is not needed any more would hold. Not
  // left to a worker, which would still be at it during the next ones.
  await query(console, `DELETE FROM backup WHERE state = 'complete'`)
})

test('only an administrator finds the page', async ({ console, browser }) => {
  const person = { email: 'no-rehearsals@example.test', password: 'a-password-for-operators' }
  await console.byok(['user', 'add', person.email, '--role', 'operator'], { input: `${person.password}\n` })
  const context = await browser.newContext({
    baseURL: console.url,
    storageState: await sessionOf(console, person),
  })
  const page = await context.newPage()
  await page.goto('/')
  await expect(page.getByRole('link', { name: 'Sandbox', exact: true })).toHaveCount(0)
  expect((await page.goto('/settings/sandbox'))?.status()).toBe(404)
  await context.close()
})

test('axe finds nothing on the page while a rehearsal is under way', async ({ signedIn: page }) => {
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto('/settings/sandbox')
  await rowOf(page, 'Key disabled').getByRole('button', { name: 'Rehearse' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Under way Key disabled' })).toBeVisible()
  for (const [colorScheme, width] of [
    ['light', 1440],
    ['dark', 390],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    await page.reload()
    const where = `${colorScheme}, ${width} pixels`
    const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
    const { violations, passes } = await axe.analyze()
    expect(passes.length, where).toBeGreaterThan(5)
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`),
      where,
    ).toEqual([])
    const sideways = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(sideways, where).toBeLessThanOrEqual(0)
  }
  await page.getByRole('button', { name: 'End rehearsal' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'None under way' })).toBeVisible()
  expect(complaints).toEqual([])
})

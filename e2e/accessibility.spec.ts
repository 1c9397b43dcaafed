import path from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, keyOf, openSettings, saveKey, test } from './fixtures.ts'
import { plantTree } from './tree.ts'

/** Axe in both colour schemes and both widths: what it finds hangs on one of the two. What has no room is looked for in all. */
const looks = [
  { colorScheme: 'light', width: 1440, axe: true },
  { colorScheme: 'dark', width: 1440, axe: false },
  { colorScheme: 'dark', width: 390, axe: true },
  { colorScheme: 'light', width: 390, axe: false },
  // Where the most stands side by side in the least room: a tablet upright, and the first with the menu beside the page.
  { colorScheme: 'light', width: 768, axe: false },
  { colorScheme: 'light', width: 1024, axe: false },
  { colorScheme: 'light', width: 1280, axe: false },
] as const
const pages = [
  '/',
  '/backups',
  '/backups?text=nothing-has-this-name',
  '/backups/schedules',
  '/backups/shred',
  '/keys',
  '/audit',
  '/no-such-page',
  '/settings/backup-environment',
  '/settings/backup-environment/history',
  '/settings/backup-environment/history/1',
  '/settings/seal',
  '/settings/alerts',
  '/settings/api-tokens',
  '/settings/users',
  '/settings/sandbox',
  '/account',
]

// None needs what another left: whichever worker is free takes the next.
test.describe.configure({ mode: 'parallel' })

test('axe finds nothing in the settings form, whatever it shows', async ({ signedIn: page, sandbox }) => {
  test.setTimeout(300_000)
  await openSettings(page, 'ap-southeast-2')
  const refused = keyOf(sandbox, 'ap-southeast-2', 'not-shared')
  await page.getByLabel('Master Key').fill(refused.arn)
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('complementary', { name: 'Proof' })).toContainText('not shared')
  await noViolations(page, 'a refused key')
  for (const look of looks) {
    // The window's size closes the list.
    await put(page, look)
    await page.getByRole('combobox', { name: 'Region' }).click()
    await expect(page.getByRole('option', { name: /us-east-1/ })).toBeVisible()
    await analyse(page, `the list of Regions, ${wordsOf(look)}`)
    await page.keyboard.press('Escape')
  }
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await page.getByLabel('Access key', { exact: true }).check()
  await noViolations(page, 'an own bucket')
  await page.getByLabel('Assume role').check()
  await page.getByRole('button', { name: 'Add a further key' }).click()
  await page.getByLabel('KMS endpoint').fill('http://not-allowed')
  await page.getByLabel('S3 endpoint').focus()
  await noViolations(page, 'a role, a further key, and an endpoint that is not allowed')
  await page.getByLabel('AR Vault Hosted Backup Environment').check()
  await page.getByLabel('Automatically Encrypt data stored in Vault').uncheck()
  await page.getByRole('button', { name: 'Save Settings' }).click()
  await expect(page.getByRole('alertdialog')).toBeVisible()
  await noViolations(page, 'the question before encryption is switched off')
})

test('axe finds nothing on any page, and none is wider than the window', async ({
  signedIn: page,
  browser,
  console,
  sandbox,
}) => {
  test.setTimeout(300_000)
  await saveKey(page, keyOf(sandbox, 'ap-southeast-2', 'backups'))
  for (const url of pages) await lookAt(page, url)
  const person = ['user', 'add', 'looked-at@example.test', '--role', 'viewer', '--name', 'W'.repeat(200)]
  expect((await console.byok(person, { input: 'long-enough-password' })).code).toBe(0)
  await page.goto('/settings/users')
  await page.getByRole('button', { name: 'Add user…' }).click()
  await noViolations(page, 'the form for a new user')
  await page.getByRole('link', { name: 'WWW' }).click()
  await page.getByRole('button', { name: 'Remove…' }).click()
  await expect(page.getByRole('alertdialog')).toBeVisible()
  await noViolations(page, 'the question before a user is removed')
  const stranger = await browser.newContext({ baseURL: console.url })
  const outside = await stranger.newPage()
  for (const url of ['/sign-in', '/setup?token=wrong']) await lookAt(outside, url)
  await stranger.close()
})

test('axe finds nothing on a backup with a name of 2,000 characters, and its path is in order', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  await saveKey(page, keyOf(sandbox, 'ap-southeast-2', 'backups'))
  // Parts that are read from right to left.
  const source = path.join(console.sources, 'for-axe', 'גיבוי', 'حسابات', '2026')
  plantTree(source, { files: 20, seed: 3 })
  const made = await console.byok(['backup', 'create', source, '--name', 'N'.repeat(2000), '--json'])
  expect(made.code, made.stderr).toBe(0)
  const { id } = JSON.parse(made.stdout)
  for (const url of [`/backups/${id}`, `/backups/${id}/files`, `/backups/${id}/files?text=nothing`, '/backups'])
    await lookAt(page, url)
  // In the list it has one line.
  const parts = page.getByTitle(source, { exact: true }).first().locator('bdi')
  const places = await parts.evaluateAll((found) =>
    found.map((part) => ({ text: part.textContent, left: part.getBoundingClientRect().left })),
  )
  const read = places.toSorted((one, other) => one.left - other.left).map(({ text }) => text)
  expect(read.join('/')).toBe(source)
})

test('where the system gives the colours, a link to the page that is shown looks focused when it is', async ({
  signedIn: page,
}) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await page.goto('/keys')
  const here = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Keys' })
  await expect(here).toHaveAttribute('aria-current', 'page')
  await expect(here).toHaveCSS('outline-offset', '-2px')
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Backups' }).focus()
  await page.keyboard.press('Tab')
  await expect(here).toBeFocused()
  await expect(here).toHaveCSS('outline-offset', '2px')
})

/** The page is loaded once and then put into every look, as it is when a person turns a phone or evening comes. */
async function lookAt(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await noViolations(page, url)
}

async function noViolations(page: Page, where: string): Promise<void> {
  for (const look of looks) {
    await put(page, look)
    const shown = `${where}, ${wordsOf(look)}`
    if (look.axe) await analyse(page, shown)
    await fits(page, shown)
  }
}

type Look = (typeof looks)[number]

const wordsOf = ({ colorScheme, width }: Look) => `${colorScheme}, ${width} pixels`

async function put(page: Page, { colorScheme, width }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width, height: 900 })
}

async function analyse(page: Page, where: string): Promise<void> {
  // Not by its role: behind an open dialog the page has none.
  await expect(page.locator('h1').first(), where).toBeAttached()
  // Legacy mode is the one without a second page for each analysis; it only sees less of frames from other sites.
  // What a rule finds right is not described node by node.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
  const { violations, passes } = await axe.analyze()
  expect(passes.length, `axe looked at nothing on ${where}`).toBeGreaterThan(5)
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`)
  expect(found, where).toEqual([])
  // Axe lets a table pass that has no name.
  const nameless = page.locator('table:not([aria-label], [aria-labelledby])')
  await expect(nameless, `${where}: a table without a name`).toHaveCount(0)
}

async function fits(page: Page, where: string): Promise<void> {
  const [inner, whole] = await page.evaluate(() => [
    document.documentElement.clientWidth,
    document.documentElement.scrollWidth,
  ])
  expect(whole, `${where} is wider than the window`).toBeLessThanOrEqual(inner ?? 0)
  // In a table of fixed columns the one without a width gets what is left, which may be nothing.
  const tight = await page
    .locator('th, td')
    .evaluateAll((cells) =>
      cells.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ textContent }) => textContent),
    )
  expect(tight, `${where}: cells of a table that have no room`).toEqual([])
  // Names break anywhere, or are cut off: they have no room where nothing is wider than its cell, too.
  const narrow = await page
    .locator('tbody th:visible')
    .evaluateAll((cells) => cells.filter(({ clientWidth }) => clientWidth < 100).map(({ textContent }) => textContent))
  expect(narrow, `${where}: rows whose name has no room`).toEqual([])
}

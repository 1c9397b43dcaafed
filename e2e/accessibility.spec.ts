import path from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, keyOf, openSettings, saveKey, test } from './fixtures.ts'
import { plantTree } from './tree.ts'

const looks = [
  { colorScheme: 'light', width: 1440 },
  { colorScheme: 'dark', width: 1440 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
] as const

for (const { colorScheme, width } of looks) {
  test(`axe finds nothing, ${colorScheme}, ${width} pixels`, async ({ signedIn: page, console, sandbox, browser }) => {
    test.setTimeout(180_000)
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 900 })

    await openSettings(page, 'ap-southeast-2')
    const refused = keyOf(sandbox, 'ap-southeast-2', 'not-shared')
    await page.getByLabel('Master Key').fill(refused.arn)
    await page.getByRole('button', { name: 'Test key' }).click()
    await expect(page.getByRole('complementary', { name: 'Proof' })).toContainText('not shared')
    await noViolations(page, 'a refused key')
    await page.getByRole('combobox', { name: 'Region' }).click()
    await expect(page.getByRole('option', { name: /us-east-1/ })).toBeVisible()
    await noViolations(page, 'the list of Regions')
    await page.keyboard.press('Escape')
    await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
    await page.getByLabel('Access key', { exact: true }).check()
    await noViolations(page, 'an own bucket')
    await page.getByLabel('Automatically Encrypt data stored in Vault').uncheck()
    await expect(page.getByRole('alertdialog')).toBeVisible()
    await noViolations(page, 'the question before encryption is switched off')

    const { stdout } = await console.byok(['backup', 'list', '--json'])
    if (JSON.parse(stdout).backups.length === 0) {
      await saveKey(page, keyOf(sandbox, 'ap-southeast-2', 'backups'))
      plantTree(path.join(console.sources, 'for-axe'), { files: 20, seed: 3 })
      const made = await console.byok([
        'backup',
        'create',
        path.join(console.sources, 'for-axe'),
        '--name',
        'N'.repeat(2000),
      ])
      expect(made.code, made.stderr).toBe(0)
    }
    const [backup] = JSON.parse((await console.byok(['backup', 'list', '--json'])).stdout).backups
    for (const url of [
      '/',
      '/backups',
      `/backups/${backup.id}`,
      '/backups?text=nothing-has-this-name',
      '/audit',
      '/no-such-page',
      '/settings/backup-environment',
      '/settings/sandbox',
    ]) {
      await page.goto(url)
      await noViolations(page, url)
      await noSidewaysScroll(page, url)
    }

    const stranger = await browser.newContext({ baseURL: console.url, colorScheme, viewport: { width, height: 900 } })
    const outside = await stranger.newPage()
    for (const url of ['/sign-in', '/setup?token=wrong']) {
      await outside.goto(url)
      await noViolations(outside, url)
      await noSidewaysScroll(outside, url)
    }
    await stranger.close()
  })
}

async function noViolations(page: Page, where: string): Promise<void> {
  // Not by its role: behind an open dialog the page has none.
  await expect(page.locator('h1').first(), where).toBeAttached()
  const { violations, passes } = await new AxeBuilder({ page }).analyze()
  expect(passes.length, `axe looked at nothing on ${where}`).toBeGreaterThan(5)
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`)
  expect(found, where).toEqual([])
}

async function noSidewaysScroll(page: Page, where: string): Promise<void> {
  const [inner, whole] = await page.evaluate(() => [
    document.documentElement.clientWidth,
    document.documentElement.scrollWidth,
  ])
  expect(whole, `${where} is wider than the window`).toBeLessThanOrEqual(inner ?? 0)
}

import path from 'node:path'
import { chromium } from '@playwright/test'
import { administrator, startConsole } from '../e2e/console.ts'
import { chooseRegion, keyOf, signIn } from '../e2e/fixtures.ts'
import { findChromium } from './chromium.ts'

// `npm run screenshot`: starts the product on a folder of its own, breaks a key and takes the README's picture.
const file = path.join(import.meta.dirname, '..', 'docs', 'backup-environment.png')
const running = await startConsole()
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
})
try {
  const sandbox = JSON.parse((await running.byok(['sandbox', 'info'])).stdout)
  const page = await browser.newPage({ baseURL: running.url, viewport: { width: 1280, height: 900 } })
  await signIn(page, administrator)
  await page.goto('/settings/backup-environment')
  await chooseRegion(page, 'us-west-2')
  await page.getByLabel('Master Key').fill(keyOf(sandbox, 'us-west-2', 'write-only').arn)
  await page.getByRole('button', { name: 'Test key' }).click()
  await page.getByRole('complementary', { name: 'Proof' }).getByText('Decrypt was refused').first().waitFor()
  await page.evaluate(() => window.scrollTo(0, 0))
  await page.screenshot({ path: file })
  console.log(`Written: ${file}`)
} finally {
  await browser.close()
  await running.remove()
}

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, keyOf, saveKey, test } from './fixtures.ts'
import { restored } from './restored.ts'

// None needs what another left: whichever worker is free takes the next.
test.describe.configure({ mode: 'parallel' })

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('a folder and files are uploaded in the browser and come back', async ({ signedIn: page, console, sandbox }) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const source = path.join(console.folder, 'holiday')
  mkdirSync(path.join(source, 'größe'), { recursive: true })
  writeFileSync(path.join(source, 'größe', 'photo "1".jpg'), randomBytes(3_000_000))
  writeFileSync(path.join(source, 'größe.txt'), 'text')
  writeFileSync(path.join(source, 'empty'), '')
  await page.goto('/backups')
  const area = page.getByRole('region', { name: 'Upload from this computer' })
  const chooser = page.waitForEvent('filechooser')
  await area.getByRole('button', { name: 'Choose a folder' }).click()
  await (await chooser).setFiles(source)
  const done = area.getByRole('status').getByRole('link', { name: 'holiday' })
  await expect(done).toBeVisible({ timeout: 30_000 })
  const id = (await done.getAttribute('href'))?.split('/').at(-1) ?? ''
  const target = await restored(console, id)
  for (const name of ['größe/photo "1".jpg', 'größe.txt', 'empty'])
    expect(sha256(readFileSync(path.join(target, 'holiday', name)))).toBe(sha256(readFileSync(path.join(source, name))))

  const [picked] = await Promise.all([
    page.waitForEvent('filechooser'),
    area.getByRole('button', { name: 'Choose files' }).click(),
  ])
  await picked.setFiles(path.join(source, 'größe.txt'))
  await expect(area.getByRole('link', { name: 'größe.txt' })).toBeVisible({ timeout: 30_000 })
})

test('an upload goes on while other pages are looked at, and is still guarded', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const file = path.join(console.folder, 'slow.bin')
  writeFileSync(file, randomBytes(1000))
  await page.goto('/backups')
  const area = page.getByRole('region', { name: 'Upload from this computer' })
  let goOn = () => {}
  const held = new Promise<void>((resolve) => (goOn = resolve))
  await page.route('**/api/v1/backups?**', async (route) => {
    await held
    await route.continue()
  })
  const choose = async () => {
    const chooser = page.waitForEvent('filechooser')
    await area.getByRole('button', { name: 'Choose files' }).click()
    await (await chooser).setFiles(file)
  }
  await choose()
  await expect(area.getByRole('button', { name: 'Cancel upload' })).toBeVisible()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Overview' }).click()
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
  const asksBeforeLeaving = () =>
    page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })))
  expect(await asksBeforeLeaving()).toBe(true)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Backups' }).click()
  await expect(area.getByRole('button', { name: 'Cancel upload' })).toBeVisible()
  await expect(area.getByRole('button', { name: 'Choose files' })).toBeDisabled()
  goOn()
  await expect(area.getByRole('status').getByRole('link', { name: 'slow.bin' })).toBeVisible()
  expect(await asksBeforeLeaving()).toBe(false)
})

test('a file that changes after it was chosen is named', async ({ signedIn: page, console, sandbox }) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const folder = path.join(console.folder, 'changing')
  mkdirSync(folder)
  for (const name of ['1 stays', '2 changes', '3 stays']) writeFileSync(path.join(folder, name), 'as it was')
  await page.goto('/backups')
  const area = page.getByRole('region', { name: 'Upload from this computer' })
  await page.route('**/api/v1/backups?**', async (route) => {
    writeFileSync(path.join(folder, '2 changes'), 'as it is')
    utimesSync(path.join(folder, '2 changes'), 1, 1)
    await route.continue()
  })
  const chooser = page.waitForEvent('filechooser')
  await area.getByRole('button', { name: 'Choose a folder' }).click()
  await (await chooser).setFiles(folder)
  await expect(area.getByRole('alert')).toContainText('could not read a file')
  await expect(area.getByRole('alert').getByText('2 changes', { exact: true })).toBeVisible()
  await expect(area.getByRole('alert')).toContainText('changing/')
  await expect(area.getByRole('alert')).toContainText('Nothing was kept')
  await page.unroute('**/api/v1/backups?**')
  await page.reload()
  await expect(page.getByRole('link', { name: 'changing' })).toHaveCount(0)
})

test('a page whose scripts are gone says so, and not that the files cannot be read', async ({
  browser,
  console,
  session,
  signedIn,
  sandbox,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const context = await browser.newContext({ baseURL: console.url, storageState: session })
  const page = await context.newPage()
  await page.goto('/backups')
  await page.waitForLoadState('networkidle')
  const area = page.getByRole('region', { name: 'Upload from this computer' })
  await page.route('**/_next/static/**', (route) => route.abort())
  const chooser = page.waitForEvent('filechooser')
  await area.getByRole('button', { name: 'Choose files' }).click()
  await (await chooser).setFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') })
  await expect(area.getByRole('alert')).toContainText('Reload the page and try again')
  await context.close()
})

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestConsole } from './console.ts'
import { expect, keyOf, saveKey, test } from './fixtures.ts'
import { suffer } from './suffer.ts'

async function backUp(console: TestConsole, name: string): Promise<string> {
  const source = path.join(console.sources, name)
  mkdirSync(source, { recursive: true })
  writeFileSync(path.join(source, 'file.txt'), name)
  const made = await console.byok(['backup', 'create', source, '--name', name, '--json'])
  expect(made.code, made.stderr).toBe(0)
  return JSON.parse(made.stdout).id
}

test('whoever looks at a backup that somebody else deletes is told so, whatever they press', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const gone = /is deleting|There is no backup|There is no such backup/
  const remove = async (id: string) => expect((await console.byok(['backup', 'delete', id, '--yes'])).code).toBe(0)

  const searched = await backUp(console, 'searched')
  await page.goto(`/backups/${searched}/files`)
  await remove(searched)
  await page.getByRole('button', { name: 'Search' }).click()
  await expect(page.locator('main')).toContainText(gone)

  const chosen = await backUp(console, 'chosen')
  await page.goto(`/backups/${chosen}/files`)
  await page.getByRole('checkbox', { name: 'Choose file.txt' }).check()
  await remove(chosen)
  await page.getByRole('button', { name: 'Download chosen as .tar' }).click()
  await expect(page.getByRole('heading', { name: 'Nothing was downloaded' })).toBeVisible()
  await expect(page.locator('main')).toContainText(gone)
  await expect(page.getByRole('link', { name: 'Back' })).toHaveAttribute('href', `/backups/${chosen}/files`)

  const restored = await backUp(console, 'restored')
  await page.goto(`/backups/${restored}`)
  await remove(restored)
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
  await expect(page.locator('main')).toContainText(gone)
})

test('files of a backup whose key refuses: why, and not an error page', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const id = await backUp(console, 'refused')
  await suffer(console, { service: 'kms', operation: 'Decrypt', effect: 'AccessDenied' })
  try {
    const answer = await page.goto(`/backups/${id}/files`)
    expect(answer?.status()).toBe(200)
    await expect(page.locator('main').getByRole('alert')).toContainText('kms:Decrypt')
    const download = await page.request.get(`/api/backups/${id}/download?as=tar`)
    expect([download.status(), await download.json()]).toMatchObject([
      502,
      { message: expect.stringContaining('kms:Decrypt') },
    ])
  } finally {
    await suffer(console)
  }
})

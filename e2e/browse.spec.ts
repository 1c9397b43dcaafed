import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, keyOf, saveKey, test } from './fixtures.ts'
import { describeTree, plantTree } from './tree.ts'

test('browse, search, download and restore some of a backup; verify it, and see a damaged object named', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  test.setTimeout(240_000)
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  const source = path.join(console.sources, 'to browse')
  plantTree(source, { files: 300, seed: 11 })
  mkdirSync(path.join(source, 'many'))
  for (let index = 0; index < 230; index += 1) writeFileSync(path.join(source, 'many', `file ${index}`), `${index}`)
  const made = await console.byok(['backup', 'create', source, '--name', 'Browsed', '--json'])
  expect(made.code, made.stderr).toBe(0)
  const { id } = JSON.parse(made.stdout)
  const here = mkdtempSync(path.join(tmpdir(), 'browse-e2e-'))

  await test.step('browse', async () => {
    await page.goto(`/backups/${id}`)
    await page.getByRole('link', { name: 'Browse files' }).click()
    await expect(page.getByRole('row')).toHaveCount(readdirSync(source).length + 1)
    await page.getByRole('link', { name: 'many' }).click()
    await expect(page.getByRole('navigation', { name: 'Folder' })).toContainText('many')
    await expect(page.getByRole('row')).toHaveCount(101)
    await page.getByRole('link', { name: 'More' }).click()
    await expect(page.getByRole('row').nth(1)).not.toContainText('file 0')
    await page.getByRole('link', { name: 'More' }).click()
    await expect(page.getByRole('row')).toHaveCount(31)
    await page.getByRole('link', { name: 'All files' }).click()
    await expect(page.getByRole('link', { name: 'many' })).toBeVisible()
  })

  await test.step('search', async () => {
    await page.getByLabel('Search').fill('übersicht №77')
    await page.getByRole('button', { name: 'Search' }).click()
    await expect(page.getByRole('row').filter({ hasText: 'Übersicht №77.txt' })).toHaveCount(1)
    await page.getByLabel('Search').fill('file 229')
    await page.getByRole('button', { name: 'Search' }).click()
    await expect(page.getByRole('row', { name: /many/ }).getByText('file 229', { exact: true })).toBeVisible()
    await page.getByRole('link', { name: 'Clear' }).click()
  })

  await test.step('download one file, and a folder as tar', async () => {
    const row = page
      .getByRole('row')
      .filter({ hasText: /^Choose.*large\.bin|large\.bin/ })
      .filter({ hasNotText: 'to large' })
    const [file] = await Promise.all([page.waitForEvent('download'), row.first().getByRole('link').click()])
    expect(file.suggestedFilename()).toBe('large.bin')
    await file.saveAs(path.join(here, 'large.bin'))
    expect(readFileSync(path.join(here, 'large.bin')).equals(readFileSync(path.join(source, 'large.bin')))).toBe(true)

    const [tar] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download everything as .tar' }).click(),
    ])
    expect(tar.suggestedFilename()).toBe('Browsed.tar')
    await tar.saveAs(path.join(here, 'all.tar'))
    mkdirSync(path.join(here, 'all'))
    execFileSync('tar', ['-xpf', path.join(here, 'all.tar'), '-C', path.join(here, 'all'), '--numeric-owner'])
    expect(describeTree(path.join(here, 'all'))).toEqual(describeTree(source))
  })

  await test.step('download what was chosen in the list', async () => {
    const download = page.getByRole('button', { name: 'Download chosen as .tar' })
    await download.click()
    await expect(page.getByRole('alert').filter({ hasText: 'Choose at least one' })).toBeVisible()
    await page.getByLabel(/^Choose empty file/).check()
    const [tar] = await Promise.all([page.waitForEvent('download'), download.click()])
    await tar.saveAs(path.join(here, 'chosen.tar'))
    expect(execFileSync('tar', ['-tf', path.join(here, 'chosen.tar')], { encoding: 'utf8' })).toContain('empty file')
    await page.getByLabel(/^Choose empty file/).uncheck()
  })

  await test.step('restore what was chosen in the list', async () => {
    await page.getByLabel(/^Choose large again\.bin/).check()
    await page.getByLabel(/^Choose empty file/).check()
    await page.getByRole('button', { name: 'Restore chosen…' }).click()
    await expect(page.getByLabel('Paths', { exact: true })).toHaveValue('/empty file\n/large again.bin')
    const target = path.join(console.restores, 'chosen')
    await page.getByLabel('Restore to').fill(target)
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await expect(page.getByRole('listitem').filter({ hasText: target })).toContainText('Complete', { timeout: 60_000 })
    expect(readdirSync(target).sort()).toEqual(['empty file', 'large again.bin'])
    expect(
      readFileSync(path.join(target, 'large again.bin')).equals(readFileSync(path.join(source, 'large.bin'))),
    ).toBe(true)
  })

  const verifications = page.getByRole('list', { name: 'Verifications' })
  await test.step('verify quickly and fully', async () => {
    await page.getByRole('button', { name: 'Verify quickly' }).click()
    await expect(verifications.getByRole('listitem').first()).toContainText(/Quick.*Whole/s, { timeout: 60_000 })
    await page.getByRole('button', { name: 'Verify fully' }).click()
    await expect(verifications.getByRole('listitem').first()).toContainText(/Full.*Whole/s, { timeout: 60_000 })
    await expect(verifications.getByRole('listitem').first()).toContainText('by admin@example.test')
  })

  await test.step('from the command line as well', async () => {
    const files = await console.byok(['backup', 'files', id, 'many', '--json'])
    expect(JSON.parse(files.stdout).files).toHaveLength(230)
    const found = await console.byok(['backup', 'files', id, '--search', 'LARGE.BIN'])
    expect(found.stdout).toContain('large.bin')
    const none = await console.byok(['backup', 'files', id, '--search', 'no such file'])
    expect(none).toMatchObject({ code: 0, stdout: '', stderr: 'Nothing has “no such file” in its path.\n' })
    const target = path.join(here, 'over')
    mkdirSync(target)
    writeFileSync(path.join(target, 'mine'), 'mine')
    const some = ['backup', 'restore', id, 'many', '*.bin', '--to', target]
    expect((await console.byok(some)).stderr).toContain('is not empty')
    const over = await console.byok([...some, '--overwrite', 'always'])
    expect(over.code, over.stderr).toBe(0)
    expect(readdirSync(target).sort()).toEqual(['large again.bin', 'large.bin', 'many', 'mine'])
    const verified = await console.byok(['backup', 'verify', id, '--full'])
    expect(verified.code, verified.stderr).toBe(0)
    expect(verified.stdout).toMatch(/is whole: .*, every byte read\.$/m)
    const quick = await console.byok(['backup', 'verify', id])
    expect(quick.stdout).toMatch(/is whole: .* Its data was not read: --full reads every byte\.$/m)
  })

  await test.step('a damaged object is named', async () => {
    const { endpoint, bucket, accessKeyId, secretAccessKey } = await placeOf(console, id)
    expect(endpoint && bucket && accessKeyId && secretAccessKey).toBeTruthy()
    const { S3Client, paginateListObjectsV2, GetObjectCommand, PutObjectCommand } = await import('@aws-sdk/client-s3')
    const s3 = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    })
    let key = ''
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket }))
      for (const { Key = '' } of Contents) if (Key.includes(`${id}/segments/1/0`)) key = Key
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? [])
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000)
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
    s3.destroy()
    await page.getByRole('button', { name: 'Verify fully' }).click()
    const newest = verifications.getByRole('listitem').first()
    await expect(newest).toContainText('Damaged', { timeout: 60_000 })
    await expect(newest).toContainText('segments/1/0')
    const run = await console.byok(['backup', 'verify', id, '--full'])
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('segments/1/0')
    expect((await console.byok(['backup', 'list'])).stdout).toMatch(new RegExp(`^${id} .* damaged `, 'm'))
    await page.goto('/backups')
    await expect(page.getByRole('row', { name: /Browsed/ })).toContainText('Damaged')
    await page.goto('/backups?state=complete')
    await expect(page.getByLabel('State')).toHaveValue('complete')
    await expect(page.getByRole('row', { name: /Browsed/ })).toHaveCount(0)
    await page.getByLabel('State').selectOption('Damaged')
    await page.getByRole('button', { name: 'Filter' }).click()
    await expect(page.getByRole('row', { name: /Browsed/ })).toContainText('Damaged')
    const asked = await page.request.get('/api/v1/backups?state=damaged')
    const { backups }: { backups: { damaged: boolean }[] } = await asked.json()
    expect(backups).toContainEqual(expect.objectContaining({ id, state: 'complete' }))
    expect(backups.filter(({ damaged }) => !damaged)).toEqual([])
  })
  rmSync(here, { recursive: true, force: true })
})

async function placeOf(console: { byok(args: readonly string[]): Promise<{ stdout: string }> }, _id: string) {
  const { stdout } = await console.byok(['sandbox', 'info'])
  const info = JSON.parse(stdout)
  const { accessKeyId, secretAccessKey } = info.accounts[0]
  return { endpoint: info.endpoint, bucket: 'vault-hosted-us-east-1', accessKeyId, secretAccessKey }
}

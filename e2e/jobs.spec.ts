import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from '@playwright/test'
import { expect, keyOf, saveKey, test } from './fixtures.ts'
import { suffer } from './suffer.ts'
import { plantTree } from './tree.ts'

test.beforeAll(async ({ desk, sandbox }) => {
  const page = await desk.newPage()
  await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
  await page.close()
})
test.afterEach(({ console }) => suffer(console))

test('a running backup is followed, cancelled and deleted', async ({ signedIn: page, console }) => {
  const source = path.join(console.sources, 'to-cancel')
  plantTree(source, { files: 3000, seed: 3 })
  await suffer(console, { service: 's3', operation: 'PutObject', effect: 'Latency', latencyMs: 60_000 })
  await page.goto('/backups')
  await page.getByLabel('Folder').selectOption(source)
  await page.getByLabel('Name').fill('Cancel me')
  await page.getByText('More: leave files out').click()
  await page.getByLabel('Leave out').fill('*.tmp')
  await page.getByRole('button', { name: 'Back up now' }).click()
  const under = page.getByRole('list', { name: 'Under way' })
  await expect(under.getByRole('progressbar')).toBeVisible()
  await page.route('**/api/progress?**', (route) => route.abort())
  await expect(under).toContainText('The console does not answer. This is how it was at')
  await page.unroute('**/api/progress?**')
  await expect(under).not.toContainText('The console does not answer')
  await under.getByRole('button', { name: 'Cancel backup Cancel me' }).click()
  const row = page.getByRole('row', { name: /Cancel me/ })
  await expect(row).toContainText('Cancelled', { timeout: 30_000 })
  await expect(row.getByRole('link', { name: 'Cancel me' })).toBeFocused()

  await row.getByRole('link', { name: 'Cancel me' }).click()
  await page.getByRole('button', { name: 'Back up again' }).click()
  await page.getByRole('button', { name: 'Cancel this backup' }).press('Enter')
  await expect(page.getByRole('button', { name: 'Back up again' })).toBeFocused()

  await page.getByRole('button', { name: 'Back up again' }).press('Enter')
  await page.getByRole('button', { name: 'Cancel this backup' }).press('Enter')
  const elsewhere = page.getByRole('link', { name: 'Back to the backups' })
  await elsewhere.focus()
  await expect(page.getByRole('button', { name: 'Back up again' })).toBeVisible()
  await expect(elsewhere).toBeFocused()
  await suffer(console)

  await page.getByRole('button', { name: 'Delete…' }).click()
  const question = page.getByRole('alertdialog')
  await expect(question).toContainText('it holds nothing that could be restored')
  await question.getByRole('button', { name: 'Keep it' }).click()
  await expect(question).toBeHidden()
  await expect(page.getByRole('button', { name: 'Delete…' })).toBeFocused()
  await page.getByRole('button', { name: 'Delete…' }).click()
  await question.getByRole('button', { name: 'Delete for good' }).click()
  await expect(page).toHaveURL(/\/backups$/)
})

test('seven windows that follow two backups leave room for more, and each sees how they end', async ({
  signedIn: page,
  console,
}) => {
  const source = path.join(console.sources, 'to-follow')
  plantTree(source, { files: 300, seed: 8 })
  await suffer(console, { service: 's3', operation: 'PutObject', effect: 'Latency', latencyMs: 60_000 })
  await page.goto('/backups')
  const under = (window: Page) => window.getByRole('list', { name: 'Under way' })
  for (const name of ['Followed first', 'Followed second']) {
    await page.getByLabel('Folder').selectOption(source)
    await page.getByLabel('Name').fill(name)
    await page.getByRole('button', { name: 'Back up now' }).click()
    await expect(under(page).getByRole('link', { name })).toBeVisible()
  }
  // A browser opens six connections to one host, for all its windows: what none gives back, nobody else gets.
  const windows: Page[] = []
  for (let index = 0; index < 7; index += 1) {
    const window = await page.context().newPage()
    await window.goto('/backups', { timeout: 60_000 })
    await expect(under(window).getByRole('progressbar')).toHaveCount(2)
    // Of what was asked for, and not of the page as it came.
    await expect(
      under(window)
        .getByText(/ of \d+ files$/)
        .first(),
    ).toBeVisible()
    windows.push(window)
  }
  const further = await page.context().newPage()
  await further.goto('/keys', { timeout: 60_000 })
  await further.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Backups' }).click()
  for (const name of ['Followed first', 'Followed second'])
    await under(further)
      .getByRole('button', { name: `Cancel backup ${name}` })
      .click()
  await suffer(console)
  for (const window of windows)
    await expect(window.getByRole('row', { name: /Followed/ }).getByText('Cancelled')).toHaveCount(2, {
      timeout: 90_000,
    })
})

test('a backup that failed is made again with what it was asked for, and one that is complete is not offered', async ({
  signedIn: page,
  console,
}) => {
  const source = path.join(console.sources, 'to-repeat')
  plantTree(source, { files: 3, seed: 9 })
  writeFileSync(path.join(source, 'left out.tmp'), 'x')
  await suffer(console, { service: 'kms', operation: 'Encrypt', effect: 'AccessDenied' })
  const failed = await console.byok(['backup', 'create', source, '--name', 'Once more', '--exclude', '*.tmp', '--json'])
  expect(failed.code).toBe(1)
  await suffer(console)
  await page.goto('/backups?state=failed')
  await page.getByRole('link', { name: 'Once more' }).click()
  await expect(page.getByRole('heading', { name: 'Why it failed' })).toBeVisible()
  const before = page.url()
  await page.getByRole('button', { name: 'Back up again' }).click()
  await expect(page).not.toHaveURL(before)
  await expect(page.getByRole('link', { name: 'Browse files' })).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('heading', { level: 1, name: 'Once more' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Back up again' })).toHaveCount(0)
  await page.getByRole('link', { name: 'Browse files' }).click()
  await expect(page.getByRole('row')).not.toHaveCount(1)
  await expect(page.getByText('left out.tmp')).toHaveCount(0)
})

test('deleting on the command line says what is lost', async ({ console }) => {
  const source = path.join(console.sources, 'to-delete')
  plantTree(source, { files: 3, seed: 4 })
  const made = JSON.parse((await console.byok(['backup', 'create', source, '--json'])).stdout)
  const unsure = await console.byok(['backup', 'delete', made.id])
  expect(unsure.code).toBe(1)
  expect(unsure.stdout).toContain('the only restore point')
  expect(unsure.stderr).toContain('--yes')
  const sure = await console.byok(['backup', 'delete', made.id, '--yes'])
  expect(sure.stdout + sure.stderr).toContain('is deleted')
  expect((await console.byok(['backup', 'list', '--json'])).stdout).not.toContain(made.id)
})

test('a key that cannot be reached: waiting, in words, and healed by itself', async ({ signedIn: page, console }) => {
  const source = path.join(console.sources, 'to-wait')
  plantTree(source, { files: 5, seed: 5 })
  await suffer(console, { service: 'kms', operation: 'Encrypt', effect: 'Outage' })
  await page.goto('/backups')
  await page.getByLabel('Folder').selectOption(source)
  await page.getByLabel('Name').fill('Wait for me')
  await page.getByRole('button', { name: 'Back up now' }).click()
  const under = page.getByRole('list', { name: 'Under way' })
  await expect(under).toContainText('Waiting for key', { timeout: 60_000 })
  await expect(under).toContainText('It goes on by itself as soon as the key answers')
  // Between two waits it is tried again, and runs for that moment.
  await expect(async () => expect((await console.byok(['backup', 'list'])).stdout).toContain('waiting for key')).toPass(
    { timeout: 60_000 },
  )
  await suffer(console)
  await expect(page.getByRole('row', { name: /Wait for me/ })).toContainText('Complete', { timeout: 60_000 })
})

test('a schedule is added, paused, resumed and removed', async ({ signedIn: page, console }) => {
  const source = path.join(console.sources, 'nightly')
  plantTree(source, { files: 2, seed: 6 })
  await page.goto('/backups')
  await page.getByRole('link', { name: 'Schedules' }).click()
  await expect(page.getByRole('heading', { name: 'Schedules', level: 1 })).toBeVisible()
  await page.getByLabel('Folder').selectOption(source)
  await page.getByLabel('Name').fill('Nightly')
  await page.getByLabel('How often').selectOption('weekly')
  await page.getByLabel('Day').selectOption('Friday')
  await page.getByLabel('Time in UTC').fill('25:00')
  await page.getByRole('button', { name: 'Add schedule' }).click()
  await expect(page.getByText('Write hours and minutes in UTC')).toBeVisible()
  await page.getByLabel('Time in UTC').fill('03:30')
  await page.getByRole('button', { name: 'Add schedule' }).click()
  const form = page.getByRole('form', { name: 'New schedule' })
  await expect(form.getByRole('status')).toHaveText(/^“Nightly” is added\. First run: \d+ \w+/)
  const schedule = page.getByRole('listitem').filter({ hasText: 'Nightly' })
  await expect(schedule).toContainText('Fridays at 03:30 UTC')
  await schedule.getByRole('button', { name: 'Pause Nightly' }).click()
  await expect(schedule).toContainText('Paused')
  // Whoever works by keyboard stays where they are.
  await expect(schedule.getByRole('button', { name: 'Resume Nightly' })).toBeFocused()
  const list = await console.byok(['backup', 'schedule', 'list'])
  expect(list.stdout).toContain('paused')
  await schedule.getByRole('button', { name: 'Resume Nightly' }).click()
  await expect(schedule).not.toContainText('Paused')
  await schedule.getByRole('button', { name: 'Remove Nightly' }).click()
  await page.getByRole('button', { name: 'Remove the schedule' }).click()
  await expect(page.getByText('No schedules yet')).toBeVisible()
  await expect(page.getByRole('main')).toBeFocused()
})

test('a worker under another name takes what is meant for it', async ({ console }) => {
  const refused = await console.byok(['backup', 'create', console.sources, '--host', 'elsewhere.example.test'])
  expect(refused.code).toBe(3)
  expect(refused.stderr).toContain('No worker of the host elsewhere.example.test is running.')
})

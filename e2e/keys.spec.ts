import { readdirSync } from 'node:fs'
import path from 'node:path'
import {
  CancelKeyDeletionCommand,
  DescribeKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import AxeBuilder from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { createAwsClients } from '#lib/aws/clients.ts'
import { countdownOn, endCountdowns } from './countdowns.ts'
import { expect, keyOf, saveKey, test } from './fixtures.ts'
import { describeTree, plantTree } from './tree.ts'

// The worst day of an administrator who has no mouse.
test('somebody schedules the deletion of a key: countdown, another key, proof, deletion, and a restore without it', async ({
  console,
  sandbox,
  signedIn: page,
}) => {
  test.setTimeout(240_000)
  // Deleted for good at the end: no other test may use it.
  const old = keyOf(sandbox, 'ap-southeast-2', 'archive')
  const next = keyOf(sandbox, 'ap-southeast-2', 'backups')
  await saveKey(page, { arn: 'alias/archive', region: old.region })
  const source = path.join(console.sources, 'keys')
  plantTree(source, { files: 20, seed: 11 })
  const { id } = JSON.parse((await console.byok(['backup', 'create', source, '--json'])).stdout)
  await saveKey(page, next)
  await endCountdowns(console)

  const [account] = sandbox.accounts
  if (!account) throw new Error('The sandbox has no users.')
  const { accessKeyId, secretAccessKey } = account
  const access = { region: old.region, endpoint: sandbox.endpoint, credentials: { accessKeyId, secretAccessKey } }
  const { kms, destroy } = createAwsClients(access, 'interactive')
  const clock = (method: 'PUT' | 'DELETE', body?: object) =>
    fetch(`${sandbox.endpoint}/_sandbox/clock`, { method, ...(body && { body: JSON.stringify(body) }) })
  const cancelDeletion = async () => {
    await kms.send(new CancelKeyDeletionCommand({ KeyId: old.arn }))
    await kms.send(new EnableKeyCommand({ KeyId: old.arn }))
  }
  const keyOnPage = page.getByRole('region', { name: 'Key', exact: true })
  try {
    await page.goto('/')
    await go(page, page.getByRole('link', { name: 'Sandbox', exact: true }))
    await reach(page, page.getByLabel('Key', { exact: true }))
    await page.keyboard.type('alias/archive · ap-southeast-2')
    await expect(page.getByLabel('Key', { exact: true })).toHaveValue(old.arn)
    const rehearsal = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { name: 'Key scheduled for deletion' }) })
    await go(page, rehearsal.getByRole('button', { name: 'Rehearse' }))
    await expect(page.getByRole('status').filter({ hasText: 'Under way Key scheduled for deletion' })).toBeVisible()

    // The watch would see it within 15 minutes; somebody who has been told does not wait.
    await go(page, page.getByRole('link', { name: 'Keys', exact: true }))
    const row = page.getByRole('row').filter({ hasText: old.arn.slice(-36) })
    await expect(row).toContainText('1 backup, ')
    await go(page, row.getByRole('link', { name: 'alias/archive' }))
    await expect(keyOnPage).toContainText('points to this key')
    await go(page, page.getByRole('button', { name: 'Check now' }))
    await expect(keyOnPage).toContainText('Pending deletion')
    await expect(page.getByRole('region', { name: 'What hangs on it' })).toContainText(/\d+ backups? would be lost/)
    await withoutFindings(page)

    const countdown = countdownOn(page)
    for (const name of ['Overview', 'Backups', 'Audit', 'Keys']) {
      await go(page, page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }))
      // The countdown is above the page that is being left, too.
      await expect(page.getByRole('heading', { name, level: 1, exact: true })).toBeVisible()
      await expect(countdown).toContainText('would be lost for good')
    }
    await go(page, countdown.getByText('How to stop it'))
    await expect(countdown).toContainText(`aws kms cancel-key-deletion --region ap-southeast-2 --key-id ${old.arn}`)
    await expect(countdown).toContainText('"kms:CancelKeyDeletion"')
    await withoutFindings(page)

    // A key that is pending deletion decrypts nothing: what the banner says is done, and the backups are moved.
    await cancelDeletion()
    await go(page, row.getByRole('link', { name: 'alias/archive' }))
    await go(page, page.getByRole('button', { name: 'Check now' }))
    await expect(page.getByRole('status').filter({ hasText: 'Checked: healthy' })).toBeVisible()
    await expect(countdown).toHaveCount(0)
    await go(page, page.getByRole('link', { name: 'Re-wrap…' }))
    await expect(page.getByLabel('Old key')).toHaveValue(old.arn)
    await reach(page, page.getByLabel('Key ARN, key ID or alias'))
    await page.keyboard.type(next.arn)
    await page.keyboard.press('Enter')
    const start = page.getByRole('button', { name: /^Re-wrap \d/ })
    await expect(start).toBeVisible({ timeout: 20_000 })
    await expect(page.getByRole('region', { name: 'What it will do' })).toBeFocused()
    await go(page, start)
    await expect(page.getByRole('heading', { name: 'Exchange of keys' })).toBeVisible({ timeout: 20_000 })
    await expect(page.getByRole('region', { name: 'Progress' })).toContainText('Complete', { timeout: 30_000 })
    await withoutFindings(page)

    await go(page, page.getByRole('link', { name: 'Keys', exact: true }))
    await expect(row).toContainText('Nothing any more')
    await go(page, row.getByRole('link', { name: 'alias/archive' }))
    await go(page, page.getByRole('link', { name: 'Is it safe to retire?' }))
    await go(page, page.getByRole('button', { name: 'Prove it' }))
    await expect(page.getByRole('region', { name: 'Nothing here needs this key' })).toBeVisible({ timeout: 30_000 })
    await withoutFindings(page)

    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: old.arn, PendingWindowInDays: 7 }))
    expect((await clock('PUT', { advanceSeconds: 8 * 86_400 })).ok).toBe(true)
    await expect(kms.send(new DescribeKeyCommand({ KeyId: old.arn }))).rejects.toThrow()

    // Other tests of this console restore into the same folder.
    const before = readdirSync(console.restores)
    await page.goto(`/backups/${id}`)
    await go(page, page.getByRole('form', { name: 'Restore' }).getByRole('button', { name: 'Restore' }))
    const restores = page.getByRole('region', { name: 'Restore' })
    await expect(restores).toContainText('Complete', { timeout: 30_000 })
    const [target = ''] = readdirSync(console.restores).filter((name) => !before.includes(name))
    expect(describeTree(path.join(console.restores, target))).toEqual(describeTree(source))
  } finally {
    const answers = [await clock('DELETE'), await fetch(`${sandbox.endpoint}/_sandbox/rehearsal`, { method: 'DELETE' })]
    // Where the walk ended early.
    await cancelDeletion().catch(() => undefined)
    destroy()
    // What made the walk fail is told as well.
    for (const { ok, url } of answers) expect.soft(ok, url).toBe(true)
  }
})

/** Goes there as the keyboard does. */
async function reach(page: Page, place: Locator): Promise<void> {
  await expect(place).toBeVisible()
  for (let presses = 0; presses < 200; presses += 1) {
    if (await place.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`The keyboard does not reach ${place}.`)
}

async function go(page: Page, place: Locator): Promise<void> {
  await reach(page, place)
  await page.keyboard.press('Enter')
}

async function withoutFindings(page: Page): Promise<void> {
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
  const { violations, passes } = await axe.analyze()
  expect(passes.length).toBeGreaterThan(5)
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([])
}

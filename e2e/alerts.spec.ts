import path from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { openSandboxControl } from '#lib/sandbox/open-control.ts'
import { administrator } from './console.ts'
import { countdownOn, endCountdowns } from './countdowns.ts'
import { expect, keyOf, saveKey, test } from './fixtures.ts'

test('alerts are set up, tried and turned off, and a key that will be deleted counts down on every page', async ({
  console,
  sandbox,
  signedIn: page,
}) => {
  await page.goto('/settings/alerts')
  await page.getByLabel('Send alerts to a webhook').check()
  await page.getByLabel('Address').fill('http://127.0.0.1:9/hook')
  await page.getByRole('button', { name: 'Save webhook' }).click()
  await expect(page.getByTestId('webhook-secret')).toHaveText(/^whsec_.{44}$/)
  await page.reload()
  await expect(page.getByTestId('webhook-secret')).toHaveCount(0)
  await page.getByRole('button', { name: 'Send a test to the webhook' }).click()
  await expect(page.getByRole('region', { name: 'Webhook' }).getByRole('alert')).toContainText(
    'VAULT_ALLOWED_ENDPOINTS=127.0.0.1:9',
  )
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText('Not sent')
  const tried = await console.byok(['alerts', 'test'])
  expect(tried).toMatchObject({ code: 1, stderr: expect.stringContaining('this machine itself') })

  await page.getByLabel('Send alerts by mail').check()
  await page.getByRole('button', { name: 'Save mail' }).click()
  await expect(page.getByText('Enter the name of the mail server.')).toBeVisible()
  expect(await violationsOn(page)).toEqual([])
  await page.getByLabel('Send alerts to a webhook').uncheck()
  await page.getByRole('button', { name: 'Save webhook' }).click()
  const question = page.getByRole('alertdialog')
  await expect(question).toContainText('Alerts go by webhook no more.')
  await question.getByLabel('Your password').fill('not-my-password')
  await question.getByRole('button', { name: 'Confirm and save' }).click()
  await expect(question).toContainText('This is not your password.')
  await question.getByLabel('Your password').fill(administrator.password)
  await question.getByRole('button', { name: 'Confirm and save' }).click()
  await expect(question).toBeHidden()

  const key = keyOf(sandbox, 'eu-central-1', 'backups')
  await saveKey(page, key)
  await endCountdowns(console)
  const control = openSandboxControl(path.join(console.dataDir, 'sandbox'))
  await control.rehearse({ kind: 'key-pending-deletion', keyArn: key.arn })
  const countdown = countdownOn(page)
  try {
    const now = await console.byok(['key', 'health', key.arn, '--now', '--json'])
    expect(now.code).toBe(1)
    expect(JSON.parse(now.stdout).keys).toMatchObject([{ arn: key.arn, state: 'pending deletion', daysLeft: 30 }])
    await page.goto('/audit')
    await expect(countdown).toContainText('A key will be deleted in 30 days')
    await expect(countdown).toContainText('New backups still go under it')
    await countdown.getByText('How to stop it').click()
    await expect(countdown).toContainText(`aws kms cancel-key-deletion --region eu-central-1 --key-id ${key.arn}`)
    expect(await violationsOn(page)).toEqual([])
  } finally {
    await control.restore()
  }
  // Cancelled and enabled again; twice, because once may be chance.
  await console.byok(['key', 'health', key.arn, '--now'])
  expect(await console.byok(['key', 'health', key.arn, '--now'])).toMatchObject({ code: 0 })
  await page.reload()
  await expect(countdown).toHaveCount(0)
})

async function violationsOn(page: Page) {
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
  return (await axe.analyze()).violations
}

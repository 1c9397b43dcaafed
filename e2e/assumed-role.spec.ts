import { UpdateAliasCommand } from '@aws-sdk/client-kms'
import type { Page } from '@playwright/test'
import { createAwsClients } from '#lib/aws/clients.ts'
import { chooseRegion, expect, keyOf, openSettings, saveKey, saveSettings, test } from './fixtures.ts'

const proofOf = (page: Page) => page.getByRole('complementary', { name: 'Proof' })

async function testKey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('button', { name: 'Test key' })).toBeEnabled({ timeout: 30_000 })
}

test('a role is clicked, refused with the trust policy that it lacks, and taken on once it has it', async ({
  signedIn: page,
  sandbox,
}) => {
  test.setTimeout(180_000)
  const locked = sandbox.roles.find(({ usable }) => !usable)?.arn ?? ''
  const works = sandbox.roles.find(({ usable }) => usable)?.arn ?? ''
  const account = sandbox.accounts[0]?.id ?? ''
  const key = keyOf(sandbox, 'us-west-2', 'backups')
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
  const putRole = async (trustPolicy: object) => {
    const answer = await fetch(`${sandbox.endpoint}/_sandbox/roles/${account}/${locked.split('/').at(-1)}`, {
      method: 'PUT',
      body: JSON.stringify({ trustPolicy, policy: everything }),
    })
    expect(answer.ok).toBe(true)
  }

  await saveKey(page, key)
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await page.getByLabel('Bucket', { exact: true }).fill('vault-hosted-us-west-2')
  await page.getByLabel('Assume role').check()
  const externalId =
    (await page
      .getByText(/^[0-9a-f-]{36}$/)
      .first()
      .textContent()) ?? ''
  await page.locator(`button[data-arn="${locked}"]`).click()
  await expect(page.getByLabel('Role ARN')).toHaveValue(locked)
  await testKey(page)
  await expect(proofOf(page)).toContainText('Taking on the role')
  const fix = proofOf(page).getByRole('region', { name: 'Trust policy', exact: true })
  const trust: { Statement: { Condition: object }[] } = JSON.parse(
    (await fix.getByRole('tabpanel').locator('pre').textContent()) ?? '',
  )
  expect(trust.Statement[0]?.Condition).toEqual({ StringEquals: { 'sts:ExternalId': externalId } })
  try {
    await putRole(trust)
    await testKey(page)
    await expect(proofOf(page).getByText(/^Works/)).toBeVisible()
  } finally {
    const [statement] = trust.Statement
    const another = { StringEquals: { 'sts:ExternalId': 'of-another-console' } }
    await putRole({ ...trust, Statement: [{ ...statement, Condition: another }] })
  }

  await page.locator(`button[data-arn="${works}"]`).click()
  await saveSettings(page)
  await page.reload()
  await expect(proofOf(page)).toContainText('The role takes any external ID')
  const panel = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Effective configuration' }) })
  await expect(panel).toContainText(`arn:aws:sts::${account}:assumed-role/${works.split('/').at(-1)}/vault-console-`)
  await expect(panel).toContainText(`from role ${works} of this form`)
  // The bucket of this form stands before the one that the host would give.
  await expect(panel).toContainText('not used: the sandbox’s default = vault-hosted-us-west-2')
})

test('a role that takes anybody works, with a warning and the trust policy that ends it', async ({
  signedIn: page,
  sandbox,
}) => {
  test.setTimeout(180_000)
  const { arn, about } = sandbox.roles.find(({ usable }) => usable) ?? { arn: '', about: '' }
  expect(about).toBe('Trusts you with any ExternalId')
  const putTrust = async (trustPolicy: object) => {
    const statement = { Effect: 'Allow', Action: '*', Resource: '*' }
    const answer = await fetch(
      `${sandbox.endpoint}/_sandbox/roles/${sandbox.accounts[0]?.id}/${arn.split('/').at(-1)}`,
      {
        method: 'PUT',
        body: JSON.stringify({ trustPolicy, policy: { Version: '2012-10-17', Statement: [statement] } }),
      },
    )
    expect(answer.ok).toBe(true)
  }
  await openSettings(page, 'us-west-2')
  await page.getByLabel('Master Key').fill(keyOf(sandbox, 'us-west-2', 'backups').arn)
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await page.getByLabel('Bucket', { exact: true }).fill('vault-hosted-us-west-2')
  await page.getByLabel('Assume role').check()
  await page.locator(`button[data-arn="${arn}"]`).click()
  await testKey(page)
  await expect(proofOf(page).getByText('Works, 1 warning')).toBeVisible()
  await proofOf(page).getByText('Why, and how to change it: The role takes any external ID').click()
  await expect(proofOf(page)).toContainText('the confused deputy')
  const fix = proofOf(page).getByRole('region', { name: 'Trust policy', exact: true })
  const trust: { Statement: object[] } = JSON.parse(
    (await fix.getByRole('tabpanel').locator('pre').textContent()) ?? '',
  )
  const [statement] = trust.Statement
  try {
    await putTrust(trust)
    await testKey(page)
    await expect(proofOf(page).getByText('Works', { exact: true })).toBeVisible()
    await expect(proofOf(page)).toContainText('Role demands the external ID')
  } finally {
    // As the sandbox has it on its first day.
    await putTrust({ ...trust, Statement: [{ ...statement, Condition: { Null: { 'sts:ExternalId': 'false' } } }] })
  }
})

test('an alias that moved is said, with the key that the backups made until now still need', async ({
  signedIn: page,
  sandbox,
}) => {
  const [old, other] = ['archive', 'backups'].map((alias) => keyOf(sandbox, 'us-west-2', alias))
  const [credentials] = sandbox.accounts
  if (!old || !other || !credentials) throw new Error('The sandbox has too few keys.')
  await saveKey(page, { arn: 'alias/archive', region: 'us-west-2' })
  await expect(page.getByLabel('Master Key')).toHaveAccessibleDescription(/Points to/)
  const { kms, destroy } = createAwsClients(
    { region: 'us-west-2', credentials, endpoint: sandbox.endpoint },
    'interactive',
  )
  const point = (arn: string) =>
    kms.send(new UpdateAliasCommand({ AliasName: 'alias/archive', TargetKeyId: arn.split('/').at(-1) }))
  try {
    await point(other.arn)
    await testKey(page)
    const help = page.getByText(/now points to/)
    await expect(help.getByTitle(other.arn)).toBeVisible()
    await expect(help.getByTitle(old.arn)).toBeVisible()
  } finally {
    await point(old.arn)
    destroy()
  }
})

test('what is typed is judged as it is typed: endpoints, partitions, and who can read what', async ({
  signedIn: page,
}) => {
  await openSettings(page, 'us-east-1')
  const key = page.getByLabel('Master Key')
  await key.fill('arn:aws:kms:cn-north-1:111122223333:alias/backups')
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Use arn:aws-cn:kms:cn-north-1:111122223333:alias/backups' }).click()
  await page.getByRole('button', { name: 'Use cn-north-1' }).click()
  await expect(key).not.toHaveAttribute('aria-invalid', 'true')

  const words = page.getByRole('region', { name: 'Who can read what' })
  await expect(words).toContainText('The bucket belongs to whoever runs this console')
  await expect(words).toContainText('it cannot open these backups again. That does not undo what was read before')
  await page.getByLabel('AR Vault Hosted Backup Environment').uncheck()
  await expect(words).toContainText('The bucket is yours')
  await expect(words).toContainText('sees the data while it is backed up and restored')

  await chooseRegion(page, 'us-east-1')
  for (const [typed, says] of [
    ['http://kms.us-east-1.amazonaws.com', /Only https is allowed/],
    ['https://169.254.169.254', /is an IP address/],
    ['https://kms.eu-west-1.amazonaws.com', /in Region eu-west-1, but the chosen Region is us-east-1/],
  ] as const) {
    await page.getByLabel('KMS endpoint').fill(typed)
    await page.keyboard.press('Tab')
    await expect(page.getByLabel('KMS endpoint')).toHaveAccessibleDescription(says)
  }
  await page.getByLabel('KMS endpoint').fill('https://kms.us-east-1.amazonaws.com')
  await expect(page.getByLabel('KMS endpoint')).not.toHaveAttribute('aria-invalid', 'true')
})

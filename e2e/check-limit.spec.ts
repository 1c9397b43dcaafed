import { mostKeyChecks } from '#lib/auth/limit-key-checks.ts'
import { administrator } from './console.ts'
import { expect, keyOf, openSettings, test } from './fixtures.ts'
import { query, refusals } from './people.ts'

test('whoever asked for too many checks is told when to try again, and nothing is checked or saved', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  await openSettings(page, 'eu-central-1')
  await page.getByLabel('Master Key').fill(keyOf(sandbox, 'eu-central-1', 'backups').arn)
  const own = `(SELECT 'key-checks:' || id FROM "user" WHERE email = $1)`
  const forget = () => query(console, `DELETE FROM "rateLimit" WHERE "key" = ${own}`, [administrator.email])
  await forget()
  await query(
    console,
    `INSERT INTO "rateLimit" ("id", "key", "count", "lastRequest")
     VALUES ('check-limit', ${own}, $2, (extract(epoch FROM now()) * 1000)::bigint)`,
    [administrator.email, mostKeyChecks],
  )
  try {
    const refused = page.getByText(/^Nothing was done: you asked for 300 checks within 15 minutes/)
    for (const name of ['Test key', 'Save Settings']) {
      await page.getByRole('button', { name }).click()
      await expect(refused).toContainText(/Try again in 1[45] minutes\./)
    }
    const why = 'more than 300 checks of one person within 15 minutes.'
    const rows = (await refusals(console, administrator.email)).map(({ subject }) => subject)
    expect(rows).toContain(`Changing the Backup Environment: ${why}`)
    expect(rows).toContain(`Testing a key: ${why}`)
  } finally {
    await forget()
  }
  await page.getByRole('button', { name: 'Test key' }).click()
  await expect(page.getByRole('complementary', { name: 'Proof' })).toContainText('Works')
})

import { expect, keyOf, saveKey, test } from './fixtures.ts'

test('the environment as a file: shown, checked, and applied only with a yes to what exposes', async ({
  signedIn: page,
  sandbox,
  console,
}) => {
  // Seven starts of a command.
  test.setTimeout(180_000)
  const [before, after] = ['backups', 'archive'].map((alias) => keyOf(sandbox, 'us-east-1', alias).arn)
  await saveKey(page, { arn: before ?? '', region: 'us-east-1' })
  const shown = await console.byok(['environment', 'show'])
  // Without the further keys that another test may have left.
  const file = { ...JSON.parse(shown.stdout), furtherKeys: [] }
  expect(file).toMatchObject({ region: 'us-east-1', masterKey: before, hosted: true })
  const apply = (settings: object, ...options: string[]) =>
    console.byok(['environment', 'apply', '-', '--json', ...options], { input: JSON.stringify(settings) })
  expect((await apply(file, '--yes')).code).toBe(0)
  expect(JSON.parse((await apply(file)).stdout)).toMatchObject({ status: 'unchanged' })
  const changed = { ...file, masterKey: after }
  expect(JSON.parse((await apply(changed, '--check-only')).stdout)).toMatchObject({ report: { ok: true } })
  const refused = await apply(changed)
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stdout), refused.stdout).toMatchObject({
    status: 'confirm',
    changes: { masterKey: [before, after] },
  })
  const applied = await apply(changed, '--yes')
  expect(applied.code, applied.stderr).toBe(0)
  await page.reload()
  await expect(page.getByLabel('Master Key')).toHaveValue(after ?? '')
  await expect(page.getByRole('note').filter({ hasText: /Backup Environment changed.*By command line/ })).toBeVisible()
  const wrong = await apply({ ...file, masterKey: 'archive' })
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('masterKey: If this is an alias') })
})

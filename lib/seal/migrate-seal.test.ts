import { existsSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { freshInstallation } from './fresh-installation-for-tests.ts'
import { migrateSeal } from './migrate-seal.ts'
import type { SealHost } from './open-seal.ts'
import { rootKeyStatus } from './seal-status.ts'
import { unseal } from './unseal.ts'
import { viewSeal } from './view-seal.ts'

// What stands in the way of a migration: each with the way out that works, and nothing changed by the asking.

let sandbox: TestSandbox
const here = freshInstallation()
beforeAll(async () => {
  sandbox = await openTestSandbox()
})
afterAll(() => sandbox.close())

const keyFile = () => here.secret('seal-key')
const arn = (alias = 'backups') => keyArn(sandbox.info, alias)
function host(variables: Record<string, string>, stanza?: string): SealHost {
  const configFile = stanza === undefined ? undefined : path.join(here.folder, 'vault.hcl')
  if (configFile && stanza) writeFileSync(configFile, stanza)
  const { accessKeyId, secretAccessKey } = sandbox.administrator
  return {
    dataDir: here.folder,
    configFile,
    variables,
    own: { credentials: { accessKeyId, secretAccessKey }, endpoint: sandbox.sandbox.endpoint },
  }
}
const awskms = (alias = 'backups') =>
  host({ VAULT_SEAL_TYPE: 'awskms', VAULT_AWSKMS_SEAL_KEY_ID: arn(alias), AWS_REGION: 'us-east-1' })
const leaving = (alias = 'backups') =>
  host({}, `seal "awskms" {\n  region = "us-east-1"\n  kms_key_id = "${arn(alias)}"\n  disabled = "true"\n}`)
const local = () => host({})
async function start(at: SealHost): Promise<void> {
  const { seal } = await unseal(here, at)
  seal.close()
}
const wraps = async () => (await rootKeyStatus(here.db)).flatMap(({ keyIds }) => keyIds)

test('a shell that lacks the settings of a console under KMS is told so, and not to use the recovery kit', async () => {
  await start(awskms())
  const words = { message: expect.stringMatching(new RegExp(`${arn()}, but no seal awskms is configured here`)) }
  await expect(start(local())).rejects.toMatchObject({
    code: 'sealed',
    ...words,
    fix: expect.stringContaining('shell'),
  })
  await expect(migrateSeal(here, local())).rejects.toMatchObject(words)
  expect(await viewSeal(here, local())).toMatchObject({ status: 'sealed', error: words.message })
  // Whoever has done what that says is not told it again.
  const { error } = await viewSeal(here, leaving())
  expect(error).toMatch(/:4 leaves it\. To move them to a key file, run byok seal migrate on this host\./)
  expect(existsSync(keyFile())).toBe(false)
  expect(await wraps()).toEqual([arn()])
})

test('a lost key file is said to be lost, whatever is configured by then', async () => {
  await start(local())
  const [lost = ''] = await wraps()
  rmSync(keyFile())
  const kit = { code: 'unavailable', fix: expect.stringContaining('byok seal recover KIT') }
  await expect(migrateSeal(here, awskms())).rejects.toMatchObject({
    ...kit,
    message: expect.stringContaining(keyFile()),
  })
  await expect(migrateSeal(here, local())).rejects.toMatchObject(kit)
  expect(existsSync(keyFile())).toBe(false)
  expect(await wraps()).toEqual([lost])
})

test('from KMS to a key file that is not there yet, and back', async () => {
  await start(awskms())
  expect(await migrateSeal(here, leaving())).toMatchObject({ exchanged: 1, from: arn() })
  await start(local())
  expect(await migrateSeal(here, awskms('archive'))).toMatchObject({
    ...{ exchanged: 1, to: arn('archive'), keyFile: 'deleted' },
  })
  expect(existsSync(keyFile())).toBe(false)
  await start(awskms('archive'))
})

test('a key file that wraps nothing of this database stays: it may be another console’s', async () => {
  const other = await openTestDatabase()
  try {
    const { id: installation } = await other.db.installation.findFirstOrThrow()
    const its = { db: other.db, installation }
    ;(await unseal(its, local())).seal.close()
    await start(awskms())
    expect(await migrateSeal(here, awskms())).toMatchObject({ exchanged: 0, keyFile: 'left' })
    expect(await migrateSeal(here, awskms('archive'))).toMatchObject({ exchanged: 1, keyFile: 'left' })
    ;(await unseal(its, local())).seal.close()
  } finally {
    await other.close()
  }
})

test('disabled = "true" changes nothing of how the seal that is left is reached: the variables still speak for it', async () => {
  const variables = { AWS_REGION: 'eu-central-1', AWS_KMS_ENDPOINT: sandbox.sandbox.endpoint }
  const stanza = (more: string) => {
    const at = host(variables, `seal "awskms" {\n  kms_key_id = "alias/backups"\n${more}}`)
    return { ...at, own: { ...at.own, endpoint: 'http://127.0.0.1:1' } }
  }
  const key = keyArn(sandbox.info, 'backups', 'eu-central-1')
  await start(stanza(''))
  expect(await wraps()).toEqual([key])
  expect(await migrateSeal(here, stanza('  disabled = "true"\n'))).toMatchObject({ exchanged: 1, from: key })
})

test('a wrap by a key file that is gone does not stand in the way where KMS opens every root key', async () => {
  await start(awskms())
  await migrateSeal(here, leaving())
  // As a migration leaves it that was killed before its last step: both wraps, and then the file goes.
  const [old] = await here.db.rootKeyWrap.findMany()
  await migrateSeal(here, awskms())
  if (old) await here.db.rootKeyWrap.create({ data: { ...old, context: {} } })
  expect(await migrateSeal(here, awskms())).toMatchObject({ exchanged: 0 })
  expect(await wraps()).toEqual([arn()])
})

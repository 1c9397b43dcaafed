import { UpdateAliasCommand } from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { exchangeSeal } from './exchange-seal.ts'
import { openKeyring } from './keyring.ts'
import { openKmsSeal } from './kms-seal.ts'
import { moveValues } from './move-values.ts'
import { boundTo, getSealed } from './sealed-values.ts'

test('100,000 sealed values: the root key alone is wrapped again, and values open without KMS', async () => {
  const { runs: values } = soakSize('Sealed values', 100_000)
  const sandbox = await openTestSandbox()
  const database = await openTestDatabase()
  const { db } = database
  try {
    const { id: installation } = await db.installation.findFirstOrThrow()
    const here = { db, installation }
    const { accessKeyId, secretAccessKey } = sandbox.administrator
    const credentials = { accessKeyId, secretAccessKey }
    const access = { region: 'us-east-1', credentials, endpoint: sandbox.sandbox.endpoint }
    const open = () => openKmsSeal(installation, { access, keyId: 'alias/backups' })
    const keyring = await openKeyring(here, await open())
    for (let from = 0; from < values; from += 2_000) {
      const rows = Array.from({ length: Math.min(2_000, values - from) }, (_, index) => `${from + index}`)
      const data = await Promise.all(
        rows.map(async (row) => {
          const at = { place: 'test.secret', row }
          const { keyId, ciphertext } = await keyring.wrap(Buffer.from(`secret ${row}`), boundTo(installation, at))
          return { ...at, rootKeyId: keyId, ciphertext: Uint8Array.from(ciphertext) }
        }),
      )
      await db.sealedValue.createMany({ data })
    }
    const TargetKeyId = keyArn(sandbox.info, 'archive').split('/').at(-1)
    await sandbox.kms().send(new UpdateAliasCommand({ AliasName: 'alias/backups', TargetKeyId }))
    const seal = await open()
    await sandbox.control('DELETE', 'requests')
    const began = performance.now()
    expect(await exchangeSeal(here, seal, seal)).toBe(1)
    const rewrapMs = Math.round(performance.now() - began)
    console.log(JSON.stringify({ values, rewrapMs }))
    // Unwrapped by the old key; wrapped by the new one, and proven.
    expect((await sandbox.control('GET', 'requests')).counts.kms).toEqual({ Encrypt: 1, Decrypt: 2 })

    const moved = await openKeyring(here, seal)
    await sandbox.control('DELETE', 'requests')
    const found = await getSealed(db, { ...here, seal: moved }, { place: 'test.secret', row: '7' })
    expect(Buffer.from(found ?? []).toString()).toBe('secret 7')
    expect((await sandbox.control('GET', 'requests')).counts).toEqual({})
    await moved.rotate()
    await sandbox.control('DELETE', 'requests')
    const moving = performance.now()
    expect(await moveValues({ ...here, seal: moved })).toBe(values)
    expect((await sandbox.control('GET', 'requests')).counts).toEqual({})
    console.log(JSON.stringify({ values, moveSeconds: Math.round((performance.now() - moving) / 1000) }))
  } finally {
    await database.close()
    await sandbox.close()
  }
})

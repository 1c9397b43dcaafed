import { readFileSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { freshInstallation } from './fresh-installation-for-tests.ts'
import { openKeyring } from './keyring.ts'
import { openLocalSeal } from './local-seal.ts'
import { makeRecoveryKit, readRecoveryKit, recoverFromKit } from './recovery-kit.ts'
import { getSealed, putSealed } from './sealed-values.ts'

const here = freshInstallation()

test('a kit opens everything when the seal’s key is lost, and nothing without its passphrase', async () => {
  const seal = openLocalSeal(here.folder, true)
  const keyring = await openKeyring(here, seal)
  const at = { place: 'test.secret', row: '1' }
  await putSealed(here.db, { ...here, seal: keyring }, at, Buffer.from('secret'))
  await keyring.rotate()
  const kit = await makeRecoveryKit(here, seal, 'correct horse battery', 12)
  expect(kit).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/)

  await expect(readRecoveryKit(kit, 'wrong horse battery')).rejects.toMatchObject({ code: 'denied' })
  await expect(readRecoveryKit('no kit', 'correct horse battery')).rejects.toMatchObject({ code: 'invalid' })
  const opened = await readRecoveryKit(kit, 'correct horse battery')
  expect(opened.rootKeys).toHaveLength(2)
  for (const { key } of opened.rootKeys) expect(kit).not.toContain(key)

  // The key file is lost; a new one is made, which opens nothing, until the kit is used.
  rmSync(here.secret('seal-key'))
  const other = openLocalSeal(here.folder, true)
  await expect(openKeyring(here, other)).rejects.toMatchObject({ code: 'unavailable' })
  await expect(recoverFromKit(here, other, { ...opened, installation: 'another' })).rejects.toMatchObject({
    code: 'conflict',
  })
  const less = { ...opened, rootKeys: opened.rootKeys.slice(1) }
  await expect(recoverFromKit(here, other, less)).rejects.toMatchObject({ code: 'conflict' })
  expect(await recoverFromKit(here, other, opened)).toBe(2)
  const again = await openKeyring(here, other)
  expect(Buffer.from((await getSealed(here.db, { ...here, seal: again }, at)) ?? []).toString()).toBe('secret')

  // In the database stands no root key and no key of the seal.
  const [dump] = await here.db.$queryRaw<{ text: string }[]>`
    SELECT string_agg(row_to_json(w)::text, '') || (SELECT string_agg(row_to_json(v)::text, '') FROM sealed_value v) AS text
    FROM root_key_wrap w`
  const sealKey: string = JSON.parse(readFileSync(here.secret('seal-key'), 'utf8')).key
  for (const secret of [...opened.rootKeys.map(({ key }) => key), sealKey]) {
    expect(dump?.text).not.toContain(secret)
    expect(dump?.text).not.toContain(Buffer.from(secret, 'base64').toString('hex'))
  }
})

test('a root key that is made while a kit is used is not left without any wrap', async () => {
  const seal = openLocalSeal(here.folder, true)
  const keyring = await openKeyring(here, seal)
  const kit = await readRecoveryKit(
    await makeRecoveryKit(here, seal, 'correct horse battery', 12),
    'correct horse battery',
  )
  let rotated = false
  const slow = {
    ...seal,
    wrapper: {
      ...seal.wrapper,
      async wrap(key: Uint8Array, context: Readonly<Record<string, string>>) {
        if (!rotated) await keyring.rotate()
        rotated = true
        return seal.wrapper.wrap(key, context)
      },
    },
  }
  await expect(recoverFromKit(here, slow, kit)).rejects.toMatchObject({ code: 'conflict' })
  expect(await here.db.rootKey.count({ where: { wraps: { none: {} } } })).toBe(0)
  await openKeyring(here, seal)
})

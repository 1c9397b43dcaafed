import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freshInstallation } from './fresh-installation-for-tests.ts'
import type { KeyringContext } from './keyring.ts'
import { madeOnce } from './made-once.ts'
import { memoryWrapper } from './root-key.ts'
import { getSealed, putSealed } from './sealed-values.ts'
import { unseal as open } from './unseal.ts'

const here = freshInstallation()
const own = { credentials: { variables: {} }, endpoint: undefined }
const unseal = async (context: KeyringContext, dataDir: string) =>
  (await open(context, { dataDir, configFile: undefined, variables: {}, own })).keyring
const at = here.secret
const boundTo = { installation: 'i', purpose: 'test' }
const rootKeys = () => here.db.rootKey.findMany({ orderBy: { number: 'asc' }, include: { wraps: true } })

test('the first start makes one root key, whoever comes first, and it stays', async () => {
  const keyrings = await Promise.all(Array.from({ length: 4 }, () => unseal(here, here.folder)))
  const wrapped = await Promise.all(keyrings.map((keyring) => keyring.wrap(Buffer.from('secret'), boundTo)))
  const rows = await rootKeys()
  expect(rows).toHaveLength(1)
  expect(new Set(wrapped.map(({ keyId }) => keyId))).toEqual(new Set([rows[0]?.id]))
  expect(rows[0]?.wraps).toMatchObject([{ mechanism: 'local', context: { installation: here.installation } }])
  for (const one of wrapped) {
    const keyring = await unseal(here, here.folder)
    expect(Buffer.from(await keyring.unwrap(one, boundTo)).toString()).toBe('secret')
  }
  expect(statSync(at('seal-key')).mode & 0o777).toBe(0o600)
})

test('the root key of an older console is taken over, and its file goes', async () => {
  const old = { id: `root-key/${randomUUID()}`, key: Buffer.alloc(32, 7) }
  const ciphertext = await memoryWrapper(old).wrap(Buffer.from('older'), boundTo)
  mkdirSync(path.join(here.folder, 'secrets'))
  writeFileSync(at('root-key'), JSON.stringify({ id: old.id, key: old.key.toString('base64') }))
  const keyring = await unseal(here, here.folder)
  expect(Buffer.from(await keyring.unwrap({ keyId: old.id, ciphertext }, boundTo)).toString()).toBe('older')
  expect((await keyring.wrap(Buffer.from('x'), boundTo)).keyId).toBe(old.id)
  expect(existsSync(at('root-key'))).toBe(false)
})

test('the root key of another database of this folder is not thrown away, nor is a file that cannot be read', async () => {
  await unseal(here, here.folder)
  const [{ id = '' } = {}] = await rootKeys()
  const told = vi.spyOn(console, 'error').mockReturnValue()
  onTestFinished(() => told.mockRestore())
  const key = Buffer.alloc(32, 7).toString('base64')
  // Of no root key, under the name of one that is there, and cut.
  for (const left of [
    JSON.stringify({ id: `root-key/${randomUUID()}`, key }),
    JSON.stringify({ id, key }),
    JSON.stringify({ id, key }).slice(0, -9),
  ]) {
    writeFileSync(at('root-key'), left)
    told.mockClear()
    const keyring = await unseal(here, here.folder)
    expect((await keyring.wrap(Buffer.from('x'), boundTo)).keyId).toBe(id)
    expect(readFileSync(at('root-key'), 'utf8')).toBe(left)
    expect(told).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('secrets/root-key in the data folder stays'))
    expect(JSON.stringify(told.mock.calls)).not.toContain(key.slice(0, 12))
  }
})

test('without its key file a seal is not replaced; a damaged one is told without its content', async () => {
  await unseal(here, here.folder)
  const whole = readFileSync(at('seal-key'), 'utf8')
  const secret = /"key":"([^"]+)"/.exec(whole)?.[1] ?? ''
  for (const damaged of ['', whole.slice(0, -3), whole.replace('local/', '')]) {
    writeFileSync(at('seal-key'), damaged)
    const error = await unseal(here, here.folder).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'sealed', message: expect.stringContaining(at('seal-key')) })
    expect(String(error)).not.toContain(secret.slice(0, 8))
  }
  rmSync(at('seal-key'))
  await expect(unseal(here, here.folder)).rejects.toMatchObject({ code: 'sealed' })
  expect(existsSync(at('seal-key'))).toBe(false)
})

test('another key file does not open it, and both are named', async () => {
  await unseal(here, here.folder)
  const { id } = JSON.parse(readFileSync(at('seal-key'), 'utf8'))
  const other = `local/${randomUUID()}`
  writeFileSync(at('seal-key'), JSON.stringify({ id: other, key: Buffer.alloc(32).toString('base64') }))
  const error = await unseal(here, here.folder).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'sealed', message: expect.stringContaining(id) })
  expect(error).toMatchObject({ message: expect.stringContaining(other) })
})

test('after a rotation what is new stands under the new root key, also for processes that did not make it', async () => {
  const [one, two] = [await unseal(here, here.folder), await unseal(here, here.folder)]
  const before = await two.wrap(Buffer.from('before'), boundTo)
  const id = await one.rotate()
  expect((await rootKeys()).map((row) => row.id)).toEqual([before.keyId, id])
  const after = await two.wrap(Buffer.from('after'), boundTo)
  expect(after.keyId).toBe(id)
  expect(Buffer.from(await one.unwrap(before, boundTo)).toString()).toBe('before')
  expect(Buffer.from(await one.unwrap(after, boundTo)).toString()).toBe('after')
})

test('sealed values that were exchanged, cut or changed are refused, naming the row', async () => {
  const seal = await unseal(here, here.folder)
  const context = { installation: here.installation, seal }
  const [one, two] = ['a', 'b'].map((row) => ({ place: 'test.secret', row }))
  if (!one || !two) throw new Error('two places')
  await putSealed(here.db, context, one, Buffer.from('first'))
  await putSealed(here.db, context, two, Buffer.from('second'))
  expect(await getSealed(here.db, context, { place: 'test.secret', row: 'c' })).toBeUndefined()
  const whole = await here.db.sealedValue.findUniqueOrThrow({ where: { place_row: one } })
  const other = await here.db.sealedValue.findUniqueOrThrow({ where: { place_row: two } })
  const flipped = Uint8Array.from(whole.ciphertext)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  for (const ciphertext of [
    Uint8Array.from(other.ciphertext),
    flipped,
    Uint8Array.from(whole.ciphertext.subarray(0, 50)),
  ]) {
    await here.db.sealedValue.update({ where: { place_row: one }, data: { ciphertext } })
    await expect(getSealed(here.db, context, one)).rejects.toMatchObject({
      code: 'integrity',
      message: 'The sealed value test.secret of a was changed, or moved there.',
    })
  }
  const ciphertext = Uint8Array.from(whole.ciphertext)
  await here.db.sealedValue.update({ where: { place_row: one }, data: { ciphertext } })
  expect(Buffer.from((await getSealed(here.db, context, one)) ?? []).toString()).toBe('first')
})

test('more secrets are saved at once than there are connections, also under a root key that another process has just made', async () => {
  const [one, two] = [await unseal(here, here.folder), await unseal(here, here.folder)]
  const id = await one.rotate()
  const context = { ...here, seal: two }
  const rows = Array.from({ length: 40 }, (_, index) => `${index}`)
  await Promise.all(
    rows.map((row) =>
      here.db.$transaction(async (tx) => {
        await putSealed(tx, context, { place: 'test.secret', row }, Buffer.from(row))
        expect(String(Buffer.from((await getSealed(tx, context, { place: 'test.secret', row })) ?? []))).toBe(row)
      }),
    ),
  )
  expect(await here.db.sealedValue.count({ where: { rootKeyId: id } })).toBe(rows.length)
  const made = await Promise.all(
    rows.map((row) => madeOnce(context, { place: 'test.made', row: 'once' }, () => Buffer.from(row))),
  )
  expect(new Set(made.map(String)).size).toBe(1)
})

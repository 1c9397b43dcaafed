import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { loadRootKey } from './root-key.ts'
import { sealKeyWrapper } from './seal-key-wrapper.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vault-seal-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const context = { installation: 'i', environment: 'e', purpose: 'backup-key' }
const newRoot = () => ({ id: `root-key/${randomUUID()}`, key: randomBytes(32) })
async function failure(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => new Error('it opened'),
    (reason: unknown) => reason,
  )
  if (error instanceof AppError) return error
  throw error
}

test('the root key is made once, and stays', () => {
  const first = loadRootKey(folder)
  expect(first.id).toMatch(/^root-key\/[0-9a-f-]{36}$/)
  expect(first.key).toHaveLength(32)
  expect(loadRootKey(folder)).toEqual(first)
  expect(statSync(path.join(folder, 'secrets', 'root-key')).mode & 0o777).toBe(0o600)
})

test('a root key that cannot be read is told, without its content, and not replaced', () => {
  const { id, key } = loadRootKey(folder)
  const file = path.join(folder, 'secrets', 'root-key')
  const whole = readFileSync(file, 'utf8')
  const secret = Buffer.from(key).toString('base64')
  for (const damaged of [
    '',
    whole.slice(0, -3),
    whole.replace('root-key/', ''),
    JSON.stringify({ id, key: secret.slice(4) }),
  ]) {
    writeFileSync(file, damaged)
    let error: unknown
    try {
      loadRootKey(folder)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'integrity', message: expect.stringContaining(file) })
    expect(error).not.toHaveProperty('cause')
    expect(String(error)).not.toContain(secret.slice(0, 8))
    expect(readFileSync(file, 'utf8')).toBe(damaged)
  }
})

test.each([0, 1, 32, 4096])('%i bytes come back, from a ciphertext that is new each time', async (size) => {
  const wrapper = sealKeyWrapper(newRoot())
  const key = randomBytes(size)
  const [one, two] = [await wrapper.wrap(key, context), await wrapper.wrap(key, context)]
  expect(Buffer.compare(await wrapper.unwrap(one, context), key)).toBe(0)
  expect(Buffer.compare(one.ciphertext, two.ciphertext)).not.toBe(0)
})

test('the order of the context does not count, everything else in it does', async () => {
  const wrapper = sealKeyWrapper(newRoot())
  const wrapped = await wrapper.wrap(Buffer.from('key'), context)
  const turned = Object.fromEntries(Object.entries(context).reverse())
  expect(Buffer.from(await wrapper.unwrap(wrapped, turned)).toString()).toBe('key')
  const { purpose: _, ...less } = context
  for (const other of [
    less,
    { ...context, purpose: 'backup-kez' },
    { ...context, more: '1' },
    { ...context, Purpose: 'x' },
    {},
  ])
    expect(await failure(wrapper.unwrap(wrapped, other))).toMatchObject({ code: 'integrity' })
})

test('another root key does not open it, and says which one would', async () => {
  const root = newRoot()
  const wrapped = await sealKeyWrapper(root).wrap(Buffer.from('key'), context)
  const other = newRoot()
  const error = await failure(sealKeyWrapper(other).unwrap(wrapped, context))
  expect(error).toMatchObject({ code: 'integrity', fix: expect.stringContaining('secrets/root-key') })
  expect(error.message).toContain(root.id)
  expect(error.message).toContain(other.id)
  // Nor does one that takes the other’s name.
  expect(await failure(sealKeyWrapper({ ...other, id: root.id }).unwrap(wrapped, context))).toMatchObject({
    code: 'integrity',
  })
})

test('every bit of it counts, and so does its end', async () => {
  const wrapper = sealKeyWrapper(newRoot())
  const wrapped = await wrapper.wrap(randomBytes(32), context)
  const { ciphertext, keyId } = wrapped
  for (let at = 0; at < ciphertext.length; at += 1) {
    const changed = Uint8Array.from(ciphertext)
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
    expect(await failure(wrapper.unwrap({ keyId, ciphertext: changed }, context))).toMatchObject({ code: 'integrity' })
  }
  for (const changed of [
    ciphertext.subarray(0, -1),
    ciphertext.subarray(1),
    new Uint8Array(0),
    Buffer.concat([ciphertext, Buffer.from([0])]),
  ])
    expect(await failure(wrapper.unwrap({ keyId, ciphertext: changed }, context))).toMatchObject({ code: 'integrity' })
})

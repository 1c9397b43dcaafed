import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { memoryWrapper, newRootKey } from './root-key.ts'

const context = { installation: 'i', environment: 'e', purpose: 'backup-key' }
const refused = { code: 'integrity' }

test.each([0, 1, 32, 4096])('%i bytes come back, from a ciphertext that is new each time', async (size) => {
  const wrapper = memoryWrapper(newRootKey())
  const key = randomBytes(size)
  const [one, two] = [await wrapper.wrap(key, context), await wrapper.wrap(key, context)]
  expect(Buffer.compare(await wrapper.unwrap(one, context), key)).toBe(0)
  expect(Buffer.compare(one, two)).not.toBe(0)
})

test('the order of the context does not count, everything else in it does', async () => {
  const wrapper = memoryWrapper(newRootKey())
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
    await expect(wrapper.unwrap(wrapped, other)).rejects.toMatchObject(refused)
})

test('another root key does not open it, not even under the same name', async () => {
  const root = newRootKey()
  const wrapped = await memoryWrapper(root).wrap(Buffer.from('key'), context)
  const other = newRootKey()
  await expect(memoryWrapper(other).unwrap(wrapped, context)).rejects.toMatchObject(refused)
  await expect(memoryWrapper({ ...other, id: root.id }).unwrap(wrapped, context)).rejects.toMatchObject(refused)
})

test('every bit of it counts, and so does its end', async () => {
  const wrapper = memoryWrapper(newRootKey())
  const wrapped = await wrapper.wrap(randomBytes(32), context)
  for (let at = 0; at < wrapped.length; at += 1) {
    const changed = Uint8Array.from(wrapped)
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
    await expect(wrapper.unwrap(changed, context)).rejects.toMatchObject(refused)
  }
  for (const changed of [
    wrapped.subarray(0, -1),
    wrapped.subarray(1),
    new Uint8Array(0),
    Buffer.concat([wrapped, Buffer.from([0])]),
  ])
    await expect(wrapper.unwrap(changed, context)).rejects.toMatchObject(refused)
})

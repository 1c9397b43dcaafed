import { randomBytes } from 'node:crypto'
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { describe, expect, test } from 'vitest'
import { AppError } from '#lib/errors.ts'
import { messageCipher } from './message.ts'
import { FRAME_LENGTH, FRAME_OVERHEAD } from './message-layout.ts'

const key = randomBytes(32)
const cipher = messageCipher(key, 'backup-1')
const context = { backup: 'backup-1', purpose: 'segment', index: '7' }

async function refusalOf(message: Buffer): Promise<AppError> {
  const error: unknown = await cipher.decrypt(message, context).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof AppError)) throw new Error('it was not refused')
  return error
}

describe('a message', () => {
  test.each([0, 1, FRAME_LENGTH - 1, FRAME_LENGTH, FRAME_LENGTH + 1, 2 * FRAME_LENGTH, 3 * FRAME_LENGTH + 5])(
    'of %i bytes comes back',
    async (size) => {
      const plaintext = randomBytes(size)
      const message = await cipher.encrypt([plaintext], context)
      expect(plaintext.equals(await cipher.decrypt(message, context))).toBe(true)
    },
  )

  test('is made of pieces of any size, in memory that is used again', async () => {
    const pieces = [0, 3, 131_072, 3, FRAME_LENGTH + 7, 1].map((size) => randomBytes(size))
    const memory = Buffer.alloc(2 * FRAME_LENGTH)
    for (const reuse of [undefined, memory, Buffer.alloc(10)]) {
      const message = await cipher.encrypt(pieces, context, reuse)
      expect(message.buffer === memory.buffer).toBe(reuse === memory)
      expect(Buffer.concat(pieces).equals(await cipher.decrypt(message, context))).toBe(true)
    }
  })

  test.each([0, 1, FRAME_LENGTH - 1, FRAME_LENGTH, FRAME_LENGTH + 1, 3 * FRAME_LENGTH + 5])(
    'of %i bytes comes back in pieces that may be written over it',
    async (size) => {
      const plaintext = randomBytes(size)
      const sealed = await cipher.encrypt([plaintext], context)
      const around = Buffer.concat([Buffer.alloc(100, 7), sealed, Buffer.alloc(100, 7)])
      const message = around.subarray(100, -100)
      let length = 0
      const take = (piece: Buffer) => {
        length += piece.copy(message, length)
      }
      await cipher.decryptTo(take, message, context)
      expect(plaintext.equals(message.subarray(0, length))).toBe(true)
      for (const side of [around.subarray(0, 100), around.subarray(-100)])
        expect(side.equals(Buffer.alloc(100, 7))).toBe(true)
    },
  )

  test('whose pieces nobody can take is refused', async () => {
    const message = await cipher.encrypt([randomBytes(2 * FRAME_LENGTH)], context)
    const take = () => {
      throw new RangeError('no room')
    }
    await expect(cipher.decryptTo(take, message, context)).rejects.toMatchObject({ code: 'integrity' })
  })

  test('opens only under its key, its key name and exactly its context', async () => {
    const message = await cipher.encrypt([Buffer.from('secret')], context)
    const { index: _, ...less } = context
    for (const other of [{ ...context, index: '8' }, { ...context, more: 'x' }, less, {}])
      await expect(cipher.decrypt(message, other)).rejects.toThrow('its encryption context differs')
    for (const other of [messageCipher(randomBytes(32), 'backup-1'), messageCipher(key, 'backup-2')])
      await expect(other.decrypt(message, context)).rejects.toThrow('made under another key')
    expect((await cipher.decrypt(message, { index: '7', purpose: 'segment', backup: 'backup-1' })).toString()).toBe(
      'secret',
    )
  })

  test('of another cipher suite is refused, be it ever so good', async () => {
    const keyring = new RawAesKeyringNode({
      keyNamespace: 'vault-console',
      keyName: 'backup-1',
      unencryptedMasterKey: Uint8Array.from(key),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    })
    const encryptWith = async (policy: CommitmentPolicy, suiteId: AlgorithmSuiteIdentifier) => {
      const options = { suiteId, frameLength: FRAME_LENGTH, encryptionContext: context }
      return (await buildClient(policy).encrypt(keyring, 'secret', options)).result
    }
    const { REQUIRE_ENCRYPT_REQUIRE_DECRYPT, FORBID_ENCRYPT_ALLOW_DECRYPT } = CommitmentPolicy
    const signed = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384
    const uncommitted = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA256
    const refused = [
      await encryptWith(REQUIRE_ENCRYPT_REQUIRE_DECRYPT, signed),
      await encryptWith(FORBID_ENCRYPT_ALLOW_DECRYPT, uncommitted),
    ]
    for (const message of refused)
      await expect(cipher.decrypt(message, context)).rejects.toThrow(
        /cipher suite that this format forbids|no encrypted message of version 2/,
      )
    const ours = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
    const accepted = await encryptWith(REQUIRE_ENCRYPT_REQUIRE_DECRYPT, ours)
    expect((await cipher.decrypt(accepted, context)).toString()).toBe('secret')
  })

  test('never has the same bytes twice', async () => {
    const messages = await Promise.all([0, 1].map(() => cipher.encrypt([Buffer.from('same')], context)))
    expect(messages[0]?.equals(messages[1] ?? Buffer.alloc(0))).toBe(false)
  })
})

// The SDK ends the process on some of these when it is given them unchecked.
describe('a damaged message is refused, and nothing else happens', () => {
  test('with any bit of its head or its frames’ borders flipped', async () => {
    const message = await cipher.encrypt([randomBytes(FRAME_LENGTH + 2000)], context)
    const head = message.length - (FRAME_LENGTH + 2000) - FRAME_OVERHEAD - (FRAME_OVERHEAD + 8)
    const border = head + FRAME_OVERHEAD + FRAME_LENGTH
    const positions = [
      ...range(0, head + 20),
      ...range(border - 20, border + 30),
      ...range(message.length - 20, message.length),
      ...Array.from({ length: 40 }, (_, i) => head + 20 + i * 25_000),
    ]
    for (const position of positions) {
      const damaged = Buffer.from(message)
      damaged.writeUInt8(damaged.readUInt8(position) ^ (1 << (position % 8)), position)
      expect(await refusalOf(damaged), `byte ${position}`).toMatchObject({ code: 'integrity' })
    }
  }, 60_000)

  test('cut short or lengthened anywhere', async () => {
    const message = await cipher.encrypt([randomBytes(FRAME_LENGTH + 50)], context)
    for (const length of [...range(0, 40), 200, 400, 500, FRAME_LENGTH, ...range(message.length - 100, message.length)])
      expect(await refusalOf(message.subarray(0, length)), `${length} bytes`).toMatchObject({ code: 'integrity' })
    for (const extra of [1, 16, FRAME_LENGTH])
      expect((await refusalOf(Buffer.concat([message, Buffer.alloc(extra)]))).message).toMatch('bytes follow its end')
    expect(await refusalOf(Buffer.concat([message, message]))).toMatchObject({ code: 'integrity' })
  })

  test('with frames swapped, dropped or repeated', async () => {
    const message = await cipher.encrypt([randomBytes(3 * FRAME_LENGTH)], context)
    const frame = FRAME_LENGTH + FRAME_OVERHEAD
    const start = message.length - 3 * frame - (FRAME_OVERHEAD + 8)
    const part = (from: number, to: number) => message.subarray(start + from * frame, start + to * frame)
    const [head, last] = [message.subarray(0, start), message.subarray(start + 3 * frame)]
    for (const frames of [
      [part(1, 2), part(0, 1), part(2, 3)],
      [part(0, 1), part(2, 3)],
      [part(0, 1), part(0, 1), part(1, 3)],
      [],
    ])
      expect(await refusalOf(Buffer.concat([head, ...frames, last]))).toMatchObject({ code: 'integrity' })
    // In order by their numbers, but with each other's content.
    const renumbered = Buffer.concat([head, part(1, 2), part(0, 1), part(2, 3), last])
    renumbered.writeUInt32BE(1, start)
    renumbered.writeUInt32BE(2, start + frame)
    expect((await refusalOf(renumbered)).message).toMatch('it was damaged')
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

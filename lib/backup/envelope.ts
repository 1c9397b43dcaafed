import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { AppError, messageOf } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { naming, sha256Of } from './codec.ts'
import { type BackupIdentity, backupKeyContext, FORMAT } from './encryption-context.ts'

/** Larger than any envelope: room for about 100 keys. */
export const MAX_ENVELOPE_BYTES = 1024 * 1024

const envelopeSchema = z.strictObject({
  format: z.literal(FORMAT),
  generation: z.int().min(1),
  wraps: z
    .array(z.strictObject({ keyId: z.string(), ciphertext: z.base64(), context: z.record(z.string(), z.string()) }))
    .min(1),
  hmac: z.hex().length(64),
})
type Envelope = z.infer<typeof envelopeSchema>

/** A key that may open backups: the ID that wraps name it by, and what unwraps with it. */
export interface OpeningKey {
  readonly keyId: string
  readonly wrapper: KeyWrapper
}

/** What the caller's own records say of an envelope. Without a database neither is known. */
export interface ExpectedEnvelope {
  readonly generation?: number
  /** Hexadecimal. */
  readonly sha256?: string
}

/** An envelope as it is to be stored, and what the caller must remember of it. */
export interface SealedEnvelope {
  readonly bytes: Buffer
  readonly sha256: string
  readonly generation: number
  /** As the keys' owners returned them; each opens the backup alone. */
  readonly keyIds: readonly string[]
}

/** Makes a backup key and wraps it with every key. Throws AppError as KeyWrapper.wrap does. */
export async function createEnvelope(
  keys: readonly KeyWrapper[],
  identity: BackupIdentity,
): Promise<{ backupKey: Buffer; envelope: SealedEnvelope }> {
  if (keys.length === 0) throw new AppError('invalid', 'An encrypted backup needs at least one key.')
  const backupKey = randomBytes(32)
  return { backupKey, envelope: await sealEnvelope(backupKey, keys, identity, 1) }
}

/** Wraps an existing backup key, as the given generation of its envelope. */
export async function sealEnvelope(
  backupKey: Uint8Array,
  keys: readonly KeyWrapper[],
  identity: BackupIdentity,
  generation: number,
): Promise<SealedEnvelope> {
  const context = backupKeyContext(identity)
  const wraps = await Promise.all(
    keys.map(async (key) => {
      const { keyId, ciphertext } = await key.wrap(backupKey, context)
      return { keyId, ciphertext: Buffer.from(ciphertext).toString('base64'), context }
    }),
  )
  return seal({ format: FORMAT, generation, wraps }, backupKey)
}

function seal(body: Omit<Envelope, 'hmac'>, backupKey: Uint8Array): SealedEnvelope {
  const bytes = Buffer.from(JSON.stringify({ ...body, hmac: hmacOf(body, backupKey) }))
  const { generation, wraps } = body
  return { bytes, sha256: sha256Of(bytes), generation, keyIds: wraps.map((wrap) => wrap.keyId) }
}

export interface WrapChange {
  /** Keys whose wraps go. */
  readonly remove: readonly string[]
  /** Keys that wrap the backup key as well from now on. */
  readonly add: readonly OpeningKey[]
}

/**
 * The next generation of an envelope: some wraps gone, some added, all others as they were. Each added one is proven by
 * unwrapping it. One Decrypt, and one Encrypt and Decrypt for each key added.
 * Throws AppError `invalid` when no wrap would be left, and as `openEnvelope` and KeyWrapper do.
 */
export async function changeWraps(
  bytes: Uint8Array,
  keys: readonly OpeningKey[],
  identity: BackupIdentity,
  expected: ExpectedEnvelope,
  { remove, add }: WrapChange,
): Promise<SealedEnvelope> {
  const { backupKey, generation } = await openEnvelope(bytes, keys, identity, expected)
  const context = backupKeyContext(identity)
  const stay = (parse(bytes)?.wraps ?? []).filter(
    ({ keyId }) => !remove.includes(keyId) && !add.some((one) => one.keyId === keyId),
  )
  const added = await Promise.all(
    add.map(async ({ wrapper }) => {
      const wrapped = await wrapper.wrap(backupKey, context)
      if (!Buffer.from(backupKey).equals(await wrapper.unwrap(wrapped, context)))
        throw new AppError('integrity', `${wrapped.keyId} did not give back what it wrapped. Nothing was changed.`)
      return { keyId: wrapped.keyId, ciphertext: Buffer.from(wrapped.ciphertext).toString('base64'), context }
    }),
  )
  const wraps = [...added, ...stay]
  if (wraps.length === 0) throw new AppError('invalid', 'The last key of a backup cannot be removed.')
  return seal({ format: FORMAT, generation: generation + 1, wraps }, backupKey)
}

/**
 * The backup key, unwrapped by the first of `keys` that can. Only wraps under one of `keys` are ever tried, and every
 * context is rebuilt from `identity`. Throws AppError `integrity`, and what KeyWrapper.unwrap throws.
 */
export async function openEnvelope(
  bytes: Uint8Array,
  keys: readonly OpeningKey[],
  identity: BackupIdentity,
  expected: ExpectedEnvelope,
): Promise<{ backupKey: Uint8Array; generation: number; keyIds: readonly string[] }> {
  const bad = (what: string, fix?: string) =>
    new AppError('integrity', `The envelope of backup ${identity.backup} ${what}`, fix === undefined ? {} : { fix })
  if (expected.sha256 !== undefined && sha256Of(bytes) !== expected.sha256)
    throw bad(
      'is not the one this console wrote: its SHA-256 differs.',
      'It was changed, or an older one was put back.',
    )
  const envelope = parse(bytes)
  if (!envelope) throw bad('cannot be read: it is not as this format demands.')
  const context = backupKeyContext(identity)
  for (const wrap of envelope.wraps)
    for (const name of new Set([...Object.keys(context), ...Object.keys(wrap.context)]))
      if (wrap.context[name] !== context[name])
        throw bad(`belongs elsewhere: its ${name} is ${JSON.stringify(wrap.context[name])}, not "${context[name]}".`)
  if (expected.generation !== undefined && envelope.generation !== expected.generation)
    throw bad(`is of generation ${envelope.generation}; this console expects ${expected.generation}.`)

  const wraps = keys.flatMap((key) => {
    const wrap = envelope.wraps.find(({ keyId }) => keyId === key.keyId)
    return wrap ? [{ ...wrap, wrapper: key.wrapper }] : []
  })
  const keyIds = envelope.wraps.map((wrap) => wrap.keyId)
  if (wraps.length === 0)
    throw bad(
      `names only keys that are not allowed here: ${keyIds.join(', ')}.`,
      'Open it with one of the keys it was made for.',
    )

  const failures: unknown[] = []
  for (const { keyId, ciphertext, wrapper } of wraps) {
    let backupKey: Uint8Array
    try {
      backupKey = await wrapper.unwrap({ keyId, ciphertext: Buffer.from(ciphertext, 'base64') }, context)
    } catch (error) {
      failures.push(naming(`The envelope of backup ${identity.backup}`, error))
      continue
    }
    const { hmac, ...body } = envelope
    if (backupKey.length !== 32) throw bad(`holds a backup key of ${backupKey.length} bytes instead of 32.`)
    if (!timingSafeEqual(Buffer.from(hmacOf(body, backupKey)), Buffer.from(hmac)))
      throw bad('was changed after it was made: its HMAC differs.')
    return { backupKey, generation: envelope.generation, keyIds }
  }
  throw noKeyOpens(failures, identity)
}

// Several keys failed: an outage of one of them is the answer, because waiting may help.
function noKeyOpens(failures: readonly unknown[], { backup }: BackupIdentity): unknown {
  if (failures.length === 1) return failures[0]
  const errors = failures.filter((error) => error instanceof AppError)
  const first = errors.find((error) => error.retryable) ?? errors[0]
  const message = `None of ${failures.length} keys opens backup ${backup}: ${failures.map(messageOf).join(' ')}`
  return new AppError(first?.code ?? 'unavailable', message, { cause: new AggregateError(failures) })
}

/** The keys that an envelope names, without opening it. Throws AppError `integrity` when it is not as it must be. */
export function keyIdsOf(bytes: Uint8Array): string[] {
  const envelope = parse(bytes)
  if (!envelope) throw new AppError('integrity', 'The envelope cannot be read: it is not as this format demands.')
  return envelope.wraps.map(({ keyId }) => keyId)
}

/** Undefined unless the bytes are exactly what `sealEnvelope` would write for the values in them. */
function parse(bytes: Uint8Array): Envelope | undefined {
  try {
    const text = Buffer.from(bytes).toString('utf8')
    const { format, generation, wraps, hmac } = envelopeSchema.parse(JSON.parse(text))
    const ordered = wraps.map(({ keyId, ciphertext, context }) => ({ keyId, ciphertext, context }))
    const envelope = { format, generation, wraps: ordered, hmac }
    return JSON.stringify(envelope) === text ? envelope : undefined
  } catch {
    return undefined
  }
}

function hmacOf(body: Omit<Envelope, 'hmac'>, backupKey: Uint8Array): string {
  const key = hkdfSync('sha512', backupKey, '', 'vault-console envelope 1', 32)
  return createHmac('sha256', Buffer.from(key)).update(JSON.stringify(body)).digest('hex')
}

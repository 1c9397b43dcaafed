import { armor, Decrypter, Encrypter } from 'age-encryption'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import { type KeyringContext, openRootKey, wrapRow } from './keyring.ts'
import { rootKeyContext, type Seal } from './seal.ts'

const contents = z.strictObject({
  kind: z.literal('vault-console recovery kit'),
  format: z.literal(1),
  installation: z.uuid(),
  madeAt: z.iso.datetime(),
  rootKeys: z.array(z.strictObject({ id: z.string(), key: z.base64().length(44) })).min(1),
})
export type RecoveryKit = z.infer<typeof contents>

/**
 * All root keys, encrypted under a passphrase: an armored age file (age-encryption.org/v1, scrypt, work factor 2^18)
 * that `age --decrypt` opens as well. It opens everything the seal protects, whatever becomes of the seal’s key.
 * Root keys that are made later are not in it.
 * @param workFactor log2 of scrypt’s N
 */
export async function makeRecoveryKit(
  context: KeyringContext,
  seal: Seal,
  passphrase: string,
  workFactor = 18,
): Promise<string> {
  const rows = await context.db.rootKey.findMany({ orderBy: { number: 'asc' }, include: { wraps: true } })
  const rootKeys: RecoveryKit['rootKeys'] = []
  for (const row of rows) {
    const { id, key } = await openRootKey(context, seal, row)
    rootKeys.push({ id, key: Buffer.from(key).toString('base64') })
  }
  return writeRecoveryKit(context.installation, rootKeys, passphrase, workFactor)
}

export async function writeRecoveryKit(
  installation: string,
  rootKeys: RecoveryKit['rootKeys'],
  passphrase: string,
  workFactor: number,
): Promise<string> {
  const kit: RecoveryKit = {
    kind: 'vault-console recovery kit',
    format: 1,
    installation,
    madeAt: new Date().toISOString(),
    rootKeys,
  }
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  encrypter.setScryptWorkFactor(workFactor)
  return armor.encode(await encrypter.encrypt(JSON.stringify(kit)))
}

/** Throws AppError `denied` for a wrong passphrase or a file that was changed, `invalid` for what is no kit. */
export async function readRecoveryKit(text: string, passphrase: string): Promise<RecoveryKit> {
  let bytes: Uint8Array
  try {
    bytes = armor.decode(text)
  } catch {
    throw new AppError('invalid', 'This is not a recovery kit: it is no armored age file.')
  }
  let plaintext: string
  try {
    const decrypter = new Decrypter()
    decrypter.addPassphrase(passphrase)
    plaintext = await decrypter.decrypt(bytes, 'text')
  } catch {
    throw new AppError('denied', 'The passphrase is wrong, or the kit was changed.')
  }
  const parsed = contents.safeParse(safeJson(plaintext))
  if (!parsed.success) throw new AppError('invalid', 'This age file holds something else than a recovery kit.')
  return parsed.data
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Wraps the root keys of a kit under the seal that is configured now, in place of wraps that nothing opens any more.
 * Throws AppError `conflict` for a kit of another installation or one that lacks a root key.
 * @returns how many root keys were wrapped
 */
export async function recoverFromKit(
  { db, installation }: KeyringContext,
  seal: Seal,
  kit: RecoveryKit,
): Promise<number> {
  if (kit.installation !== installation)
    throw new AppError(
      'conflict',
      `This kit is of installation ${kit.installation}; this database is of ${installation}.`,
    )
  const rows = await db.rootKey.findMany({ select: { id: true } })
  const missing = rows.filter(({ id }) => !kit.rootKeys.some((one) => one.id === id))
  if (missing.length > 0)
    throw new AppError(
      'conflict',
      `The kit was made before ${missing.map(({ id }) => id).join(', ')} was. Nothing was changed.`,
      {
        fix: 'Use the newest kit. With this one byok recover --recovery-kit still opens backups of method AES-256 under the root keys that it holds.',
      },
    )
  const wraps = await Promise.all(
    kit.rootKeys
      .filter(({ id }) => rows.some((row) => row.id === id))
      .map(async ({ id, key }) => {
        const boundTo = rootKeyContext(installation, id)
        const wrapped = await seal.wrapper.wrap(Buffer.from(key, 'base64'), boundTo)
        const back = await seal.wrapper.unwrap(wrapped, boundTo)
        if (!Buffer.from(key, 'base64').equals(back))
          throw new AppError('integrity', `${seal.keyId} did not give back ${id}.`)
        return { rootKeyId: id, ...wrapRow(seal, id, wrapped, installation) }
      }),
  )
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT "id" FROM "installation" FOR UPDATE`
    // One made meanwhile by a console that still is open would be left with no wrap at all.
    const known = new Set(wraps.map(({ rootKeyId }) => rootKeyId))
    const without = (await tx.rootKey.findMany({ select: { id: true } })).find(({ id }) => !known.has(id))
    if (without)
      throw new AppError('conflict', `${without.id} was added meanwhile. Nothing was changed.`, {
        fix: 'Make a new kit, or stop the console, and run it again.',
      })
    await tx.rootKeyWrap.deleteMany({})
    await tx.rootKeyWrap.createMany({ data: wraps })
  })
  return wraps.length
}

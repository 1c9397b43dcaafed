import { recordAudit } from '#lib/audit/record.ts'
import type { Db, Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { type MemoryWrapper, memoryWrapper, newRootKey, type RootKey } from './root-key.ts'
import { rootKeyContext, type Seal } from './seal.ts'

export interface KeyringContext {
  readonly db: Db
  readonly installation: string
}

/**
 * The console's root keys, unwrapped: new values go under the newest, each older one still opens its own.
 * Neither wrapping nor unwrapping calls KMS, unless another process has added a root key meanwhile.
 */
export interface RootKeyWrapper extends KeyWrapper {
  /**
   * The same, asking the database through this client: for whoever is in a transaction. One that took a further connection
   * there would wait, with all others that do so, for those that they hold themselves.
   */
  within(tx: Tx): KeyWrapper
}

export interface Keyring extends RootKeyWrapper {
  /** Adds a root key under the seal, which from then on seals what is new. */
  rotate(): Promise<string>
}

export interface KeyringOptions {
  /** The root key of a console from before the keyring. */
  readonly adopt?: RootKey | undefined
  /**
   * Whether a seal that names another key than the newest root key’s makes a further one under it: what the console’s own
   * start does. A command or a worker elsewhere may be configured otherwise by mistake, and changes nothing.
   */
  readonly follow?: boolean | undefined
}

/**
 * Unwraps every root key: one Decrypt each with seal `awskms`. The first call makes the first root key; one whose seal
 * now names another key makes a further one, so that what is new stands under the key that is configured.
 * Throws what the seal throws, and AppError `unavailable` when another seal wrapped them.
 */
export async function openKeyring(
  context: KeyringContext,
  seal: Seal,
  { adopt, follow = true }: KeyringOptions = {},
): Promise<Keyring> {
  const { db, installation } = context
  const opened = new Map<string, MemoryWrapper>()

  async function load(from: Tx): Promise<void> {
    const rows = await from.rootKey.findMany({ orderBy: { number: 'asc' }, include: { wraps: true } })
    for (const row of rows)
      if (!opened.has(row.id)) opened.set(row.id, memoryWrapper(await openRootKey(context, seal, row)))
  }
  async function add(
    root: RootKey,
    onlyIf: (tx: Tx) => Promise<boolean>,
    tell?: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    // Every command comes by here, and wrapping is a call of KMS.
    if (!(await onlyIf(db))) return
    const wrapped = await seal.wrapper.wrap(root.key, rootKeyContext(installation, root.id))
    await db.$transaction(async (tx) => {
      // Several processes start at once: the second waits here, and then finds what the first made.
      await tx.$queryRaw`SELECT "id" FROM "installation" FOR UPDATE`
      if (!(await onlyIf(tx))) return
      await tell?.(tx)
      await tx.rootKey.create({
        data: { id: root.id, wraps: { create: wrapRow(seal, root.id, wrapped, installation) } },
      })
    })
  }

  await add(adopt ?? newRootKey(), async (tx) => (await tx.rootKey.count()) === 0)
  await load(db)
  const onNewKey = { wraps: { some: { keyId: seal.keyId } } }
  if (follow) {
    const root = newRootKey()
    await add(
      root,
      async (tx) => !(await tx.rootKey.findFirst({ where: { ...onNewKey, id: await newestOf(tx) } })),
      // Where nobody moved the seal, two consoles with different keys share this database: each such row is one's start.
      async (tx) => {
        const { wraps } = await tx.rootKey.findUniqueOrThrow({
          where: { id: await newestOf(tx) },
          include: { wraps: true },
        })
        const before = wraps.map(({ keyId }) => keyId).join(' and ')
        const subject = `${root.id}, because this console’s seal is ${seal.keyId}, and the newest root key was wrapped by ${before}`
        await recordAudit(tx, { actor: 'console', action: 'seal.rotate-root', outcome: 'success', subject })
      },
    )
    await load(db)
  }

  async function wrapperOf(from: Tx, id: string): Promise<MemoryWrapper> {
    if (!opened.has(id)) await load(from)
    const wrapper = opened.get(id)
    if (wrapper) return wrapper
    throw new AppError('integrity', `This was sealed under ${id}, which this console does not have.`, {
      fix: 'It was destroyed, or the database is an older one. Restore the database that goes with it.',
    })
  }
  const within = (from: Tx): KeyWrapper => ({
    async wrap(key, boundTo) {
      const keyId = await newestOf(from)
      return { keyId, ciphertext: await (await wrapperOf(from, keyId)).wrap(key, boundTo) }
    },
    async unwrap({ keyId, ciphertext }, boundTo) {
      return (await wrapperOf(from, keyId)).unwrap(ciphertext, boundTo)
    },
  })
  return {
    ...within(db),
    within,
    async rotate() {
      const root = newRootKey()
      await add(root, async () => true)
      await load(db)
      return root.id
    },
  }
}

async function newestOf(db: Tx): Promise<string> {
  const { id } = await db.rootKey.findFirstOrThrow({ orderBy: { number: 'desc' }, select: { id: true } })
  return id
}

interface StoredRootKey {
  readonly id: string
  readonly wraps: readonly { readonly mechanism: string; readonly keyId: string; readonly ciphertext: Uint8Array }[]
}

/** Unwraps one root key with whichever of its wraps this seal can open. */
export async function openRootKey({ installation }: KeyringContext, seal: Seal, row: StoredRootKey): Promise<RootKey> {
  const wrap = row.wraps.find(({ keyId }) => keyId === seal.keyId) ?? row.wraps.find((one) => seal.opener(one))
  const opener = wrap && seal.opener(wrap)
  if (!wrap || !opener) throw otherSeal(seal, row)
  const key = await opener.unwrap(wrap, rootKeyContext(installation, row.id)).catch((error: unknown) => {
    // Of a key that nobody configured here, “this key” would be taken for the one that is.
    throw error instanceof AppError && wrap.keyId !== seal.keyId ? notOpened(seal, row.id, wrap.keyId, error) : error
  })
  if (key.length !== 32) throw new AppError('integrity', `${row.id} has ${key.length} bytes instead of 32.`)
  return { id: row.id, key }
}

function notOpened(seal: Seal, id: string, keyId: string, cause: AppError): AppError {
  const { code, retryable, remedies, message, fix } = cause
  return new AppError(code, `${id} is wrapped by ${keyId}, not by the configured seal ${seal.keyId}. ${message}`, {
    cause,
    retryable,
    remedies,
    fix: `If another console uses this database, give both the same seal. If the seal is to move, its credentials need the key that it leaves until byok seal rewrap has run.${fix ? ` ${fix}` : ''}`,
  })
}

function otherSeal(seal: Seal, { id, wraps }: StoredRootKey): AppError {
  const by = wraps
    .map(({ mechanism, keyId }) => (mechanism === 'local' ? `a key file (${keyId})` : keyId))
    .join(' and ')
  const now = seal.mechanism === 'local' ? `the key file ${seal.keyId}` : seal.keyId
  return new AppError('unavailable', `${id} is wrapped by ${by || 'nothing'}, but the configured seal is ${now}.`, {
    fix:
      seal.mechanism === 'awskms' && wraps.some(({ mechanism }) => mechanism === 'local')
        ? 'To move to the configured seal, run byok seal migrate on this host. To stay with the old one, take the seal out of the configuration.'
        : 'Configure the seal that wrapped it. To move to another one, name the old one in a stanza with disabled = "true" and run byok seal migrate.',
  })
}

export function wrapRow(
  seal: Seal,
  rootKeyId: string,
  wrapped: { keyId: string; ciphertext: Uint8Array },
  installation: string,
) {
  const context = { ...rootKeyContext(installation, rootKeyId) }
  return { mechanism: seal.mechanism, keyId: wrapped.keyId, ciphertext: Uint8Array.from(wrapped.ciphertext), context }
}

import { type BackupContext, type Connection, connectBackup } from '#lib/backup/backup-context.ts'
import { encryptedCodec, naming, plainCodec } from '#lib/backup/codec.ts'
import { MAX_ENVELOPE_BYTES, openEnvelope } from '#lib/backup/envelope.ts'
import { ENVELOPE } from '#lib/backup/layout.ts'
import { AppError } from '#lib/errors.ts'
import { claimsOf, installationIn } from '#lib/recover/claims.ts'
import { CATALOG, type Catalog, catalogContext, catalogId, catalogsFolder, parseCatalog } from './catalog-format.ts'

const MAX_OBJECT = 512 * 1024 * 1024
const MAX_CONTENT = 1024 * 1024 * 1024

/** Where a catalogue lies and what may open it: all of it the person's word, nothing the bucket's. */
export interface CatalogPlace {
  readonly region: string
  readonly bucket: string
  readonly prefix: string
  readonly environment: string
  /** Its name; undefined: the newest there is. */
  readonly time: string | undefined
  /** Key ARNs; `root-keys`: those of this console; `none`: the catalogue is not encrypted. */
  readonly keys: readonly string[] | 'root-keys' | 'none'
}

/**
 * Opens a catalogue. The installation comes from its envelope and is authenticated by the key that opens it.
 * Throws AppError: `not-found`, `integrity`, and what keys and store throw.
 */
export async function readCatalog(
  context: BackupContext,
  place: CatalogPlace,
): Promise<{ catalog: Catalog; time: string }> {
  const { environment, keys } = place
  // Reached before it is known whose it is: credentials and bucket do not depend on that.
  const outside = await connect(context, place, '-', 'unknown')
  try {
    const { store } = outside
    const time = place.time ?? (await newestIn(outside, place))
    const folder = `${catalogsFolder(place)}${time}/`
    const object = await store.read(folder + CATALOG, MAX_OBJECT).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'not-found') throw error
      throw new AppError('not-found', `There is no catalogue ${time} in bucket ${place.bucket}.`, { cause: error })
    })
    if (keys === 'none') {
      const content = await plainCodec.open(object, {}, MAX_CONTENT).catch((cause: unknown) => {
        if (!(cause instanceof AppError) || cause.code !== 'integrity') throw cause
        throw new AppError('integrity', `The catalogue ${time} cannot be read as one that is not encrypted.`, {
          cause,
          fix: 'If it is encrypted, name its key with --key in place of --allow-unencrypted.',
        })
      })
      const installation = installationIn(content, 'The catalogue')
      return { time, catalog: parseCatalog(content, { installation, environment }) }
    }
    const envelope = await store.read(folder + ENVELOPE, MAX_ENVELOPE_BYTES).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'not-found') throw error
      const message = `The catalogue ${time} has no envelope: it is not encrypted, or its envelope was deleted.`
      throw new AppError('denied', message, {
        cause: error,
        fix: 'If it never was encrypted, say --allow-unencrypted.',
      })
    })
    const { installation, keyIds } = claimsOf(envelope, `The envelope of the catalogue ${time}`)
    const inside = await connect(context, place, time, installation)
    const { identity, keyWrapper } = inside
    try {
      const allowed = keys === 'root-keys' ? keyIds.filter((keyId) => keyId.startsWith('root-key/')) : keys
      const opening = allowed.map((keyId) => ({ keyId, wrapper: keyWrapper(keyId) }))
      // Its refusals name the envelope themselves: a key that is not the catalogue's is no damage.
      const { backupKey } = await openEnvelope(envelope, opening, identity, {})
      const codec = encryptedCodec(backupKey, identity.backup)
      const content = await codec.open(object, catalogContext(identity), MAX_CONTENT).catch((error: unknown) => {
        throw naming(`The catalogue ${time}`, error)
      })
      return { time, catalog: parseCatalog(content, { installation, environment }) }
    } finally {
      inside.close()
    }
  } finally {
    outside.close()
  }
}

function connect(context: BackupContext, place: CatalogPlace, time: string, installation: string): Promise<Connection> {
  const { region, bucket, prefix, environment: environmentId } = place
  return connectBackup(context, {
    id: catalogId(time),
    environmentId,
    revision: 0,
    region,
    bucket,
    prefix,
    installation,
  })
}

async function newestIn({ store }: Connection, place: CatalogPlace): Promise<string> {
  const folder = catalogsFolder(place)
  let newest: string | undefined
  for await (const { key } of store.list(folder)) {
    const [, time] = /^(\d{8}T\d{9}Z)\/catalog$/.exec(key.slice(folder.length)) ?? []
    newest = time ?? newest
  }
  if (newest !== undefined) return newest
  throw new AppError('not-found', `There is no catalogue in bucket ${place.bucket} under ${folder}.`, {
    fix: 'Is the environment’s ID right, and what stands before it in the bucket?',
  })
}

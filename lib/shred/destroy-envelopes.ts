import { faultOf } from '#lib/aws/fault.ts'
import type { Connection } from '#lib/backup/backup-context.ts'
import { sha256Of } from '#lib/backup/codec.ts'
import { MAX_ENVELOPE_BYTES } from '#lib/backup/envelope.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import type { ObjectVersion } from '#lib/storage/s3-versions.ts'

/** An envelope that was in the bucket. */
export interface DestroyedEnvelope {
  readonly where: 'bucket' | 'database'
  /** `null` in a bucket without versioning. */
  readonly versionId: string
  /** Hexadecimal; null where it could not be read. */
  readonly sha256: string | null
}

/**
 * Deletes every version of an object, and its delete markers, and looks again.
 * @param remember is told of each before it is deleted
 * @returns how many there were
 * Throws AppError with what still stands there, and why
 */
export async function destroyEnvelopes(
  { store, versions }: Pick<Connection, 'store' | 'versions'>,
  object: string,
  remember: (found: readonly DestroyedEnvelope[]) => Promise<void>,
): Promise<number> {
  const there = await list(versions, object)
  if (there === 'no versions') return destroyPlain(store, object, remember)
  const found: DestroyedEnvelope[] = []
  for (const version of there) if (!version.marker) found.push(await describe(versions, version))
  if (found.length > 0) await remember(found)
  const refusals = new Map<string, AppError>()
  // Markers last: taken away before, they would bring the version below them to light.
  for (const version of there.toSorted((a, b) => Number(a.marker) - Number(b.marker)))
    await versions.delete(version).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error
      refusals.set(version.versionId, error)
    })
  const left = await list(versions, object)
  if (left !== 'no versions' && left.length > 0) {
    const [first] = left
    const refusal = first && refusals.get(first.versionId)
    const why = refusal ? messageOf(refusal) : 'It was written at this moment.'
    const what = left.length === 1 ? 'One version of its envelope is' : `${left.length} versions of its envelope are`
    const message = `${what} still in the bucket, such as ${first?.versionId}: ${why}`
    throw new AppError('denied', message, { remedies: refusal?.remedies })
  }
  await mustBeGone(store, object)
  return there.length
}

/** Stores that know no versions have one at most. */
async function list(versions: Connection['versions'], object: string): Promise<ObjectVersion[] | 'no versions'> {
  const all: ObjectVersion[] = []
  try {
    for await (const version of versions.versions(object, true)) if (version.key === object) all.push(version)
  } catch (error) {
    if (error instanceof AppError && faultOf(error.cause).code === 'NotImplemented') return 'no versions'
    throw error
  }
  return all
}

async function describe(versions: Connection['versions'], version: ObjectVersion): Promise<DestroyedEnvelope> {
  const { versionId } = version
  const sha256 = await versions.read(version, MAX_ENVELOPE_BYTES).then(sha256Of, (error: unknown) => {
    // Who may delete a version and not read it deletes it unread.
    if (error instanceof AppError && !error.retryable) return null
    throw error
  })
  return { where: 'bucket', versionId, sha256 }
}

async function destroyPlain(
  store: Connection['store'],
  object: string,
  remember: (found: readonly DestroyedEnvelope[]) => Promise<void>,
): Promise<number> {
  const there = await store.look(object)
  if (there) {
    const sha256 = sha256Of(await store.read(object, MAX_ENVELOPE_BYTES))
    await remember([{ where: 'bucket', versionId: 'null', sha256 }])
    await store.delete([object])
  }
  await mustBeGone(store, object)
  return there ? 1 : 0
}

async function mustBeGone(store: Connection['store'], object: string): Promise<void> {
  try {
    await store.read(object, MAX_ENVELOPE_BYTES)
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return
    throw error
  }
  throw new AppError('conflict', 'Its envelope could still be read after it was deleted.')
}

import { AppError } from '#lib/errors.ts'
import { sha256Aside } from '#lib/hash-aside.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { type Codec, naming } from './codec.ts'
import { type BackupIdentity, partContext } from './encryption-context.ts'
import { backupFolder, partName, partTitle } from './layout.ts'
import type { Part } from './manifest.ts'

/**
 * The content of a part, after everything about it was checked. Throws AppError `integrity` with a sentence that names
 * the part, and what the store throws.
 */
export async function readPart(
  store: ObjectStore,
  codec: Codec,
  identity: BackupIdentity,
  part: Part,
): Promise<Buffer> {
  return openPart(codec, identity, part, await fetchPart(store, identity, part))
}

/**
 * The stored object of a part, with the size and SHA-256 that it should have. Throws as `readPart` does.
 * @param into memory that may take it
 */
export async function fetchPart(
  store: ObjectStore,
  identity: BackupIdentity,
  part: Part,
  into?: Buffer,
): Promise<Uint8Array> {
  const { place, size } = part
  try {
    const key = backupFolder(identity) + partName(place)
    let object = await store.read(key, size, { unchecked: true, ...(into && { into }) })
    let fault = await faultIn(object, part)
    if (fault) {
      // It may have been damaged on its way: that the store finds out when it is asked to, and tries again.
      object = await store.read(key, size)
      fault = await faultIn(object, part)
    }
    if (fault) throw new AppError('integrity', fault)
    return object
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found')
      throw new AppError(
        'integrity',
        `${partTitle(place, identity.backup)} is missing: the bucket has no object ${partName(place)}.`,
        { cause: error },
      )
    throw naming(partTitle(place, identity.backup), error)
  }
}

/** Opens what `fetchPart` gave. The object's memory may take the content. Throws as `readPart` does. */
export async function openPart(
  codec: Codec,
  identity: BackupIdentity,
  part: Part,
  object: Uint8Array,
): Promise<Buffer> {
  const { place, length } = part
  try {
    const content = await codec.open(object, partContext(identity, place), length, true)
    if (content.length !== length)
      throw new AppError('integrity', `It holds ${content.length} bytes of content instead of ${length}.`)
    return content
  } catch (error) {
    throw naming(partTitle(place, identity.backup), error)
  }
}

async function faultIn(object: Uint8Array, { size, sha256 }: Part): Promise<string | undefined> {
  if (object.length !== size) return `It has ${object.length} bytes instead of ${size}.`
  return (await sha256Aside(object)) === sha256 ? undefined : 'Its SHA-256 differs.'
}

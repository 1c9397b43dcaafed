import { AppError } from '#lib/errors.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { type Codec, naming, sha256Of } from './codec.ts'
import { type BackupIdentity, partContext } from './context.ts'
import { backupFolder, partName } from './layout.ts'
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
  const { place, size, length } = part
  const what = `${place.kind === 'segment' ? 'Segment' : 'Entry list'} ${place.index} of backup ${identity.backup}`
  try {
    const object = await store.read(backupFolder(identity) + partName(place), size)
    if (object.length !== size) throw new AppError('integrity', `It has ${object.length} bytes instead of ${size}.`)
    if (sha256Of(object) !== part.sha256) throw new AppError('integrity', 'Its SHA-256 differs.')
    const content = await codec.open(object, partContext(identity, place), length)
    if (content.length !== length)
      throw new AppError('integrity', `It holds ${content.length} bytes of content instead of ${length}.`)
    return content
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found')
      throw new AppError('integrity', `${what} is missing: the bucket has no object ${partName(place)}.`, {
        cause: error,
      })
    throw naming(what, error)
  }
}

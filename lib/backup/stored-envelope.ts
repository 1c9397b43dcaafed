import { AppError } from '#lib/errors.ts'
import type { ObjectStore } from '#lib/storage/object-store.ts'
import { sha256Of } from './codec.ts'
import { MAX_ENVELOPE_BYTES } from './envelope.ts'
import { ENVELOPE } from './layout.ts'

/**
 * Whether the envelope in a backup's folder is the one that a row names: a row names each before it is stored, so
 * another one is of a run which this database does not know.
 * @throws what the store throws where it is not allowed to be read, or does not come at once
 */
export async function storedEnvelope(
  store: ObjectStore,
  folder: string,
  sha256: string | null,
): Promise<'named' | 'other' | 'none'> {
  try {
    return sha256Of(await store.read(folder + ENVELOPE, MAX_ENVELOPE_BYTES)) === sha256 ? 'named' : 'other'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'not-found') return 'none'
    // Longer than any that this console makes.
    if (((await store.look(folder + ENVELOPE))?.size ?? 0) > MAX_ENVELOPE_BYTES) return 'other'
    const message = `Whether a complete backup that lies there is this one could not be seen, because its envelope could not be read. ${error.message}`
    const { code, fix, remedies } = error
    // Bytes that changed on their way come right the next time.
    const retryable = error.retryable || code === 'integrity'
    throw new AppError(code, message, { cause: error, retryable, remedies, ...(fix !== undefined && { fix }) })
  }
}

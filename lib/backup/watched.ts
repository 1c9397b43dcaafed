import { AppError } from '#lib/errors.ts'
import type { Connection } from './backup-context.ts'

/** The same connection, which also tells when a key could not be reached. */
export function watched(connection: Connection, onUnreachable: () => void): Connection {
  const watch = async <T>(work: Promise<T>) => {
    try {
      return await work
    } catch (error) {
      if (error instanceof AppError && error.retryable) onUnreachable()
      throw error
    }
  }
  return {
    ...connection,
    keyWrapper(keyId) {
      const wrapper = connection.keyWrapper(keyId)
      return {
        wrap: (key, context) => watch(wrapper.wrap(key, context)),
        unwrap: (wrapped, context) => watch(wrapper.unwrap(wrapped, context)),
      }
    },
  }
}

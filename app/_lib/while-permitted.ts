import 'server-only'
import type { Permission } from '#lib/auth/schema.ts'
import { stillMay } from '#lib/auth/still-may.ts'
import { AppError } from '#lib/errors.ts'
import { getConsole } from './console.ts'
import type { RequestUser } from './session.ts'

/** As soon as this something that takes long ends after its session was ended, its token revoked or its role taken away. */
const askEveryMs = 5_000

/** Aborts, with an AppError, when whoever was permitted is not any more. `stop` must be called. */
export function whilePermitted(
  { id, begun }: RequestUser,
  permission: Permission,
): {
  signal: AbortSignal
  stop(): void
} {
  const ended = new AbortController()
  let by: RequestUser['begun'] | undefined = begun
  const ask = async () => {
    const { db } = await getConsole()
    if (by) by = await stillMay(db, { userId: id, by }, permission)
    if (by) return
    ended.abort(
      new AppError('denied', 'Whoever began this may not go on: signed out, token revoked, or role changed.', {
        fix: 'Sign in, or make a new token, and begin again.',
      }),
    )
  }
  // A database that does not answer is asked again.
  const timer = setInterval(() => void ask().catch(() => {}), askEveryMs).unref()
  return { signal: ended.signal, stop: () => clearInterval(timer) }
}

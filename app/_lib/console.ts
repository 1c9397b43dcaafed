import 'server-only'
import { nextCookies } from 'better-auth/next-js'
import { authSecret } from '#lib/auth/auth-secret.ts'
import { type Auth, createAuth } from '#lib/auth/create-auth.ts'
import { BrowsedBackups } from '#lib/backup/browse-cache.ts'
import { impatient } from '#lib/database-line.ts'
import { AppError } from '#lib/errors.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import { openWhenUnsealed, type SealedState } from '#lib/seal/keep-unsealing.ts'
import { openServices, type Services } from '#lib/services.ts'

export interface Console extends Services {
  readonly auth: Auth
  /** Backups whose files somebody is looking at. */
  readonly browsed: BrowsedBackups
}

// On globalThis, because Next loads a module once for pages and once for route handlers; and the proxy looks there.
const kept: { vaultConsole?: Promise<Console>; vaultSealed?: SealedState } & typeof globalThis = globalThis

/**
 * This process's services and sign-in, opened by the first call. While the seal does not open, every call is refused at
 * once with AppError `sealed`, which tells nobody why, and it opens by itself. Any other failure is tried again.
 */
export function getConsole(): Promise<Console> {
  if (kept.vaultSealed) return Promise.reject(sealed())
  kept.vaultConsole ??= new Promise((resolve, reject) => {
    openWhenUnsealed(open, (state) => {
      kept.vaultSealed = state
      if (state) reject(sealed())
    }).then(
      (console) => {
        kept.vaultConsole = Promise.resolve(console)
        resolve(console)
      },
      (error: unknown) => {
        kept.vaultConsole = undefined
        kept.vaultSealed = undefined
        reject(error)
      },
    )
  })
  return kept.vaultConsole
}

function sealed(): AppError {
  return new AppError('sealed', 'This console is sealed, and opens by itself when its key answers.', {
    fix: 'On its host, byok seal status says why.',
  })
}

async function open(): Promise<Console> {
  const services = await openServices(undefined, { line: impatient })
  const secret = await authSecret(services.backup, services.env.dataDir)
  const auth = createAuth(services.db, services.env, secret, [nextCookies()])
  return { ...services, auth, browsed: new BrowsedBackups(calledFor(services.backup, 'browse')) }
}

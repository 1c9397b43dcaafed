import type { BetterAuthPlugin } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { APIError, createAuthMiddleware } from 'better-auth/api'
import { deleteSessionCookie } from 'better-auth/cookies'
import { verifyPassword } from 'better-auth/crypto'
import { betterAuth } from 'better-auth/minimal'
import { z } from 'zod'
import { recordAudit } from '#lib/audit/record.ts'
import type { Db } from '#lib/db.ts'
import type { Env } from '#lib/env.ts'
import { requestAddress } from '#lib/requests/request-address.ts'
import { allowedOrigins } from './allowed-origins.ts'
import { recordRefusedTry } from './record-refused-try.ts'
import { emailSchema } from './schema.ts'
import { idleSeconds } from './session-limits.ts'
import { forgetSignInTries, takeSignInTry } from './sign-in-limit.ts'

const signInPath = '/sign-in/email'
const refreshSeconds = 15 * 60

/** Sign-in by e-mail and password; sessions are rows, so ending one ends it at once. */
export function createAuth(db: Db, env: Pick<Env, 'publicUrl' | 'port'>, secret: string, plugins: BetterAuthPlugin[]) {
  const https = env.publicUrl.startsWith('https://')
  const seen = async ({ userId }: { userId: string }) => {
    await db.user.updateMany({ where: { id: userId }, data: { lastSeenAt: new Date() } })
  }
  return betterAuth({
    baseURL: env.publicUrl,
    secret,
    trustedOrigins: allowedOrigins(env),
    database: prismaAdapter(db, { provider: 'postgresql' }),
    // Accounts are made by an administrator, never by whoever finds the page.
    emailAndPassword: { enabled: true, disableSignUp: true },
    user: { additionalFields: { role: { type: 'string', input: false, required: true, defaultValue: 'viewer' } } },
    // A cached session would live on after it was revoked. How long one lasts at most is in read-session.ts.
    session: { expiresIn: idleSeconds, updateAge: refreshSeconds, cookieCache: { enabled: false } },
    databaseHooks: {
      session: {
        create: { before: async () => ({ data: { ipAddress: requestAddress() ?? null } }), after: seen },
        update: { after: seen },
      },
    },
    // Its limits go by an address that anybody can forge; ours go by account.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // Of each refused try it says only that there was one. The audit log tells more, and nobody fills it.
    logger: { level: 'error' },
    advanced: {
      ipAddress: { disableIpTracking: true },
      ...(https
        ? {
            useSecureCookies: false,
            cookiePrefix: '__Host-vault',
            defaultCookieAttributes: { secure: true, path: '/' },
          }
        : { cookiePrefix: 'vault' }),
    },
    hooks: {
      before: createAuthMiddleware(async (ctx) => {
        if (ctx.path !== signInPath) return
        const email = emailOf(ctx.body)
        const seconds = await takeSignInTry(db, email)
        if (seconds > 0) {
          await recordRefusedSignIn(db, email, `${email}, after too many tries`)
          const message = `Too many wrong passwords for this account. Try again in ${Math.ceil(seconds / 60)} minutes.`
          throw new APIError('TOO_MANY_REQUESTS', { message }, { 'X-Retry-After': String(seconds) })
        }
      }),
      after: createAuthMiddleware(async (ctx) => {
        if (ctx.path !== signInPath) return
        const email = emailOf(ctx.body)
        const made = ctx.context.newSession
        const stale = made && !(await isStillPassword(db, made.user.id, ctx.body))
        if (stale) {
          await db.session.deleteMany({ where: { id: made.session.id } })
          deleteSessionCookie(ctx)
        }
        if (made && !stale) {
          await recordAudit(db, { actor: email, action: 'auth.sign-in', outcome: 'success', subject: email })
          await forgetSignInTries(db, email)
        } else await recordRefusedSignIn(db, email, email)
        if (stale) throw new APIError('UNAUTHORIZED', { message: 'The password was changed meanwhile.' })
      }),
    },
    plugins,
  })
}
export type Auth = ReturnType<typeof createAuth>

/**
 * A password that is replaced ends every session. One that is just being made with the old password would come after
 * that: so it is looked at once more when the session is there, waiting for whoever is replacing it.
 */
async function isStillPassword(db: Db, userId: string, body: unknown): Promise<boolean> {
  const { password } = z.object({ password: z.string() }).parse(body)
  const [account] = await db.$queryRaw<{ password: string }[]>`
    SELECT "password" FROM "account" WHERE "userId" = ${userId} AND "providerId" = 'credential' FOR SHARE`
  return account !== undefined && verifyPassword({ hash: account.password, password })
}

/** Those for addresses that nobody here has are counted together: there is no end of them. */
async function recordRefusedSignIn(db: Db, email: string, subject: string): Promise<void> {
  const known = await db.user.findUnique({ where: { email }, select: { id: true } })
  const account = known
    ? { actor: email, subject: email }
    : { actor: 'unknown accounts', subject: 'addresses of nobody here' }
  await recordRefusedTry(db, { actor: email, action: 'auth.sign-in', subject }, account)
}

/** What was typed may be a password in the wrong field: only an address is ever stored. */
function emailOf(body: unknown): string {
  const parsed = z.object({ email: emailSchema }).safeParse(body)
  return parsed.success ? parsed.data.email : 'not an e-mail address'
}

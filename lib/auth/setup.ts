import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { hashPassword } from 'better-auth/crypto'
import { recordAudit } from '#lib/audit/record.ts'
import { createDb, type Db, type Tx } from '#lib/db.ts'
import type { Env } from '#lib/env.ts'
import { AppError } from '#lib/errors.ts'
import { insertUser } from './add-user.ts'
import { refuseGuessable, whyGuessable } from './guessable-password.ts'
import { emailSchema, passwordSchema } from './schema.ts'

const identifier = 'first-administrator'
const validHours = 24

/**
 * Called at every start. Makes the first administrator from VAULT_ADMIN_EMAIL and VAULT_ADMIN_PASSWORD, or a link with
 * which a person does; each start makes a new link and ends the one before. Once there is a user it does nothing.
 */
export async function ensureSetup(
  env: Pick<Env, 'admin' | 'publicUrl'> & { databaseUrl: string },
): Promise<{ setupUrl: string | undefined }> {
  const db = createDb(env.databaseUrl)
  try {
    if (await hasUser(db)) return { setupUrl: undefined }
    if (env.admin) {
      const email = parseVariable('VAULT_ADMIN_EMAIL', emailSchema.safeParse(env.admin.email))
      const password = parseVariable('VAULT_ADMIN_PASSWORD', passwordSchema.safeParse(env.admin.password))
      const why = await whyGuessable(password, email)
      if (why !== undefined) throw new AppError('invalid', `VAULT_ADMIN_PASSWORD cannot be used: ${why}`)
      const name = email.split('@')[0] ?? email
      await makeFirstAdministrator(db, { email, password, name }, 'console').catch((error: unknown) => {
        // Another console that was started on this database at the same moment was faster.
        if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      })
      return { setupUrl: undefined }
    }
    const token = randomBytes(32).toString('base64url')
    await db.$transaction([
      db.verification.deleteMany({ where: { identifier } }),
      db.verification.create({
        data: {
          id: randomUUID(),
          identifier,
          value: digest(token),
          expiresAt: new Date(Date.now() + validHours * 3_600_000),
        },
      }),
    ])
    return { setupUrl: `${env.publicUrl}/setup?token=${token}` }
  } finally {
    await db.$disconnect()
  }
}

function parseVariable(
  name: string,
  parsed: { success: true; data: string } | { success: false; error: { issues: { message: string }[] } },
): string {
  if (parsed.success) return parsed.data
  throw new AppError('invalid', `${name} cannot be used: ${parsed.error.issues[0]?.message ?? 'it is not valid.'}`)
}

export async function setupState(db: Db, token: string | undefined): Promise<'open' | 'bad-token' | 'done'> {
  if (await hasUser(db)) return 'done'
  return token && (await tokenFits(db, token)) ? 'open' : 'bad-token'
}

/**
 * @throws AppError `denied` for a wrong or used link, `conflict` when there is an administrator already, `invalid` for a
 * password that is easily guessed
 */
export async function completeSetup(
  db: Db,
  input: { token: string; email: string; name: string; password: string },
): Promise<void> {
  if (!(await tokenFits(db, input.token)))
    throw new AppError('denied', 'This setup link is not valid any more.', {
      fix: 'Restart the console: it prints a new one.',
    })
  await refuseGuessable(input.password, input.email)
  await makeFirstAdministrator(db, input, input.email)
}

async function makeFirstAdministrator(db: Db, user: { email: string; name: string; password: string }, actor: string) {
  const hash = await hashPassword(user.password)
  await db.$transaction(async (tx) => {
    // Two people with one link: the second waits here, then finds a user.
    await tx.$executeRaw`LOCK TABLE "user" IN SHARE ROW EXCLUSIVE MODE`
    if (await hasUser(tx))
      throw new AppError('conflict', 'The first administrator exists already.', { fix: 'Sign in instead.' })
    await insertUser(tx, { ...user, role: 'administrator' }, hash)
    await tx.verification.deleteMany({ where: { identifier } })
    await recordAudit(tx, {
      actor,
      action: 'auth.setup',
      outcome: 'success',
      subject: user.email,
      changes: { role: [null, 'administrator'] },
    })
  })
}

async function hasUser(db: Tx): Promise<boolean> {
  return (await db.user.findFirst({ select: { id: true } })) !== null
}

async function tokenFits(db: Tx, token: string): Promise<boolean> {
  const row = await db.verification.findFirst({ where: { identifier, expiresAt: { gt: new Date() } } })
  return row !== null && timingSafeEqual(Buffer.from(row.value), Buffer.from(digest(token)))
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}

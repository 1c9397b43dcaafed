import { hashPassword } from 'better-auth/crypto'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { createDb } from '#lib/db.ts'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { insertUser } from './add-user.ts'
import { type Auth, createAuth } from './create-auth.ts'
import { readSession } from './read-session.ts'
import type { Role, SessionUser } from './schema.ts'

export const password = 'correct horse battery'

/** People of one test database, and their browsers. */
export function peopleOf({ db }: TestDatabase) {
  const auth: Auth = createAuth(db, { publicUrl: 'http://localhost:3000', port: 3000 }, 's'.repeat(64), [])
  const hash = hashPassword(password)
  let number = 0
  return {
    auth,
    async add(role: Role, name = 'Somebody'): Promise<SessionUser> {
      number += 1
      const email = `${role}-${number}@example.test`
      const id = await insertUser(db, { email, name, password, role }, await hash)
      return { id, email, name, role }
    },
    /** @returns what their browser sends from then on */
    async signIn({ email }: Pick<SessionUser, 'email'>, word = password): Promise<Headers> {
      const { headers } = await auth.api.signInEmail({ body: { email, password: word }, returnHeaders: true })
      const cookies = headers.getSetCookie().map((one) => one.split(';')[0])
      return new Headers({ cookie: cookies.join('; ') })
    },
  }
}

/** For the tests of one file: a database with nobody in it before each, and what its people do. */
export function nobodyYet() {
  let database: TestDatabase
  let people: ReturnType<typeof peopleOf>
  beforeAll(async () => {
    database = await openTestDatabase()
    people = peopleOf(database)
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.db.user.deleteMany()
    await database.db.rateLimit.deleteMany()
  })
  return {
    // From the first test on.
    get database() {
      return database
    },
    get db() {
      return database.db
    },
    get people() {
      return people
    },
    /** Whose browser it is, by a request that keeps the session alive. */
    read: (headers: Headers) => readSession({ db: database.db, auth: people.auth }, headers, { keepAlive: true }),
    audited: (action: string, { email }: SessionUser) =>
      database.db.auditEvent.findMany({
        where: { action, subject: email },
        select: { actor: true, outcome: true, changes: true },
      }),
    token: (owner: SessionUser, name: string, more = {}) =>
      database.db.apiToken.create({
        data: {
          name,
          hash: `${name}${owner.id}`,
          start: `vct_${name.slice(0, 8)}`,
          scopes: ['backup:create'],
          userId: owner.id,
          expiresAt: new Date(Date.now() + 3_600_000),
          ...more,
        },
      }),
  }
}

/** How many connections of this database wait for a lock that another holds. */
export async function waiting({ db }: TestDatabase): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return row?.count ?? 0
}

/** Runs `work` in a transaction of another process that commits when it is told to. */
export async function heldOpen(
  { url }: TestDatabase,
  work: (tx: Parameters<Parameters<ReturnType<typeof createDb>['$transaction']>[0]>[0]) => Promise<void>,
): Promise<{ commit(): Promise<void> }> {
  const other = createDb(url)
  const told = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const ended = other.$transaction(async (tx) => {
    await work(tx)
    done.resolve()
    await told.promise
  })
  await Promise.race([done.promise, ended])
  return {
    async commit() {
      told.resolve()
      await ended
      await other.$disconnect()
    },
  }
}

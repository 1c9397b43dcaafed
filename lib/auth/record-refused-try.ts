import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type AuditEntry, recordAudit } from '#lib/audit/record.ts'
import { auditActions } from '#lib/audit/schema.ts'
import type { Db, Tx } from '#lib/db.ts'
import { forAddress, requestAddress } from '#lib/requests/request-address.ts'
import { minuteText } from '#lib/time-text.ts'
import { takeTry, windowMs } from './sign-in-limit.ts'

// What anybody can do who reaches the console must not fill its database, and yet be seen in the audit log:
// 1. The first refusals within a quarter of an hour have a row each: so many of one address and account, and so many in all.
// 2. Those after them are counted, by address and account.
// 3. The clean-up pass writes one row for each count, with how many there were. Of an account that was tried from very
//    many addresses, those that tried most have a row of their own.

const mostOfOne = 10
const mostInAll = 200
const mostAddresses = 20
const counted = 'counted:'

const countSchema = z.object({
  actor: z.string(),
  action: z.enum(auditActions),
  subject: z.string(),
  address: z.string().nullable(),
})
type Count = z.infer<typeof countSchema>
interface Tries {
  readonly of: Count
  readonly tries: number
  /** Milliseconds since 1970. */
  readonly since: number
}

/** @param account what the rows of refusals have in common that are counted together: nothing that anybody can invent */
export async function recordRefusedTry(
  db: Db,
  entry: Omit<AuditEntry, 'outcome' | 'changes'>,
  account: Pick<AuditEntry, 'actor' | 'subject'>,
): Promise<void> {
  const count: Count = { ...account, action: entry.action, address: requestAddress() ?? null }
  const key = JSON.stringify(countSchema.parse(count))
  if ((await takeTry(db, `told:${key}`, mostOfOne)) === 0 && (await takeTry(db, 'told', mostInAll)) === 0) {
    await recordAudit(db, { ...entry, outcome: 'refused' })
    return
  }
  await db.$executeRaw`
    INSERT INTO "rateLimit" AS counted ("id", "key", "count", "lastRequest")
    VALUES (${randomUUID()}, ${counted + key}, 1, (extract(epoch FROM now()) * 1000)::bigint)
    ON CONFLICT ("key") DO UPDATE SET "count" = LEAST(counted."count"::bigint + 1, 2147483647)`
}

/** Part of the clean-up pass: forgets the tries whose time is past, and writes down those that were only counted. */
export async function forgetPastTries(db: Db): Promise<void> {
  await db.$transaction(async (tx) => {
    const past = await tx.$queryRaw<{ key: string; count: number; since: number }[]>`
      DELETE FROM "rateLimit" WHERE abs(extract(epoch FROM now()) * 1000 - "lastRequest") > ${windowMs}
      RETURNING "key", "count", "lastRequest"::float8 AS "since"`
    const accounts = new Map<string, Tries[]>()
    for (const { key, count: tries, since } of past) {
      if (!key.startsWith(counted)) continue
      const of = countSchema.parse(JSON.parse(key.slice(counted.length)))
      const account = JSON.stringify({ ...of, address: null })
      const known = accounts.get(account) ?? []
      if (known.push({ of, tries, since }) === 1) accounts.set(account, known)
    }
    for (const counts of accounts.values()) {
      counts.sort((a, b) => b.tries - a.tries)
      for (const one of counts.slice(0, mostAddresses)) await tell(tx, one)
      const others = counts.slice(mostAddresses)
      const [first] = others
      if (!first) continue
      await tell(tx, {
        of: { ...first.of, address: null },
        tries: others.reduce((sum, { tries }) => sum + tries, 0),
        since: Math.min(...others.map(({ since }) => since)),
        from: `, from ${others.length} more addresses`,
      })
    }
  })
}

async function tell(
  tx: Tx,
  { of: { address, ...entry }, tries, since, from = '' }: Tries & { readonly from?: string },
): Promise<void> {
  const subject = `${entry.subject}: ${tries} more refused since ${minuteText(new Date(since))}${from}`
  await forAddress(address ?? undefined, () => recordAudit(tx, { ...entry, outcome: 'refused', subject }))
}

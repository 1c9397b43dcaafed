import { waitingForSchema } from '#lib/backup/schema.ts'
import { underWayStates } from '#lib/backup/under-way-schema.ts'
import type { Tx } from '#lib/db.ts'
import { lookAtKeys } from './list-keys.ts'
import type { KeyFacts } from './read-facts.ts'
import type { KeyQuery, KeyView } from './schema.ts'

const pageSize = 25
const schedulesShown = 10

/** A key with what hangs on it; undefined when nothing ever named it. Asks no key. */
export async function viewKey(
  db: Tx,
  arn: string,
  { before }: KeyQuery,
  read?: () => Promise<KeyFacts>,
): Promise<KeyView | undefined> {
  const [{ keys, opens }, rows, enabled] = await Promise.all([
    lookAtKeys(db, new Date(), read),
    db.backup.findMany({
      where: {
        state: { in: ['complete', ...underWayStates] },
        OR: [{ keyIds: { has: arn } }, { nextKeyIds: { has: arn } }],
        ...(before && { id: { lt: before } }),
      },
      orderBy: { id: 'desc' },
      take: pageSize + 1,
      select: {
        id: true,
        name: true,
        source: true,
        state: true,
        waitingFor: true,
        bytes: true,
        createdAt: true,
        keyIds: true,
        nextKeyIds: true,
      },
    }),
    db.schedule.findMany({
      where: { enabled: true },
      orderBy: { id: 'asc' },
      take: schedulesShown,
      select: { id: true, name: true },
    }),
  ])
  const key = keys.find((one) => one.arn === arn)
  if (!key) return undefined
  const page = rows.slice(0, pageSize)
  return {
    key,
    backups: page.map(({ keyIds, nextKeyIds, waitingFor, bytes, createdAt, ...row }) => ({
      ...row,
      waitingFor: waitingForSchema.nullable().parse(waitingFor),
      bytes: bytes === null ? null : Number(bytes),
      createdAt: createdAt.toISOString(),
      others: [...new Set([...keyIds, ...nextKeyIds])]
        .filter((keyId) => keyId !== arn)
        .map((keyId) => ({ arn: keyId.startsWith('arn:') ? keyId : null, usable: opens(keyId) })),
    })),
    nextBefore: rows.length > pageSize ? (page.at(-1)?.id ?? null) : null,
    schedules: key.schedules === 0 ? [] : enabled,
  }
}

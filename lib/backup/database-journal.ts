import type { BackupCheckpoint, BackupPart, Db, Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { LostClaim } from '#lib/jobs/attempt.ts'
import type { Journal } from './journal.ts'
import type { PartKind } from './layout.ts'
import type { Part } from './manifest.ts'

/** The journal of a backup's row, for one attempt at it. Every change is refused once another attempt has the row. */
export function databaseJournal(db: Db, { id, attempt }: { readonly id: string; readonly attempt: number }): Journal {
  const change = (work: (tx: Tx) => Promise<void>) =>
    db.$transaction(async (tx) => {
      // Locked until the end, so that nobody claims the row in between.
      const rows = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM backup WHERE id = ${id}::uuid AND attempt = ${attempt} AND state = 'running' FOR UPDATE`
      if (rows.length !== 1) throw new LostClaim()
      await work(tx)
    })
  return {
    async read() {
      const parts = await allParts(db, id)
      return {
        parts: parts.map(({ kind, index, attempt, size, sha256, length }) => ({
          place: { kind: kindOf(kind), index, attempt },
          size: Number(size),
          sha256,
          length: Number(length),
        })),
        checkpoints: await allCheckpoints(db, id),
      }
    },

    add: (parts, checkpoint) =>
      change(async (tx) => {
        const data = parts.map((part) => rowOf(id, part))
        await tx.backupPart.deleteMany({
          where: { OR: data.map(({ kind, index }) => ({ backupId: id, kind, index })) },
        })
        await tx.backupPart.createMany({ data })
        if (!checkpoint) return
        const { segments } = checkpoint
        const sealed = Uint8Array.from(checkpoint.sealed)
        await tx.backupCheckpoint.upsert({
          where: { backupId_segments: { backupId: id, segments } },
          create: { backupId: id, segments, sealed },
          update: { sealed },
        })
      }),

    clear: () =>
      change(async (tx) => {
        await tx.backupCheckpoint.deleteMany({ where: { backupId: id } })
        await tx.backupPart.deleteMany({ where: { backupId: id } })
      }),
  }
}

// By pages: of a backup of many terabytes one statement would take longer to arrive than a statement may take.
const partsAtOnce = 5000
const checkpointsAtOnce = 100

async function allParts(db: Db, backupId: string): Promise<BackupPart[]> {
  const all: BackupPart[] = []
  for (let last: BackupPart | undefined; ; last = all.at(-1)) {
    const page = await db.backupPart.findMany({
      where: {
        backupId,
        ...(last && { OR: [{ kind: { gt: last.kind } }, { kind: last.kind, index: { gt: last.index } }] }),
      },
      orderBy: [{ kind: 'asc' }, { index: 'asc' }],
      take: partsAtOnce,
    })
    all.push(...page)
    if (page.length < partsAtOnce) return all
  }
}

async function allCheckpoints(db: Db, backupId: string): Promise<BackupCheckpoint[]> {
  const all: BackupCheckpoint[] = []
  for (;;) {
    const page = await db.backupCheckpoint.findMany({
      where: { backupId, segments: { gt: all.at(-1)?.segments ?? -1 } },
      orderBy: { segments: 'asc' },
      take: checkpointsAtOnce,
    })
    all.push(...page)
    if (page.length < checkpointsAtOnce) return all
  }
}

function rowOf(backupId: string, { place: { kind, index, attempt }, size, sha256, length }: Part) {
  return { backupId, kind, index, attempt, size: BigInt(size), sha256, length: BigInt(length) }
}

function kindOf(kind: string): PartKind {
  if (kind === 'segment' || kind === 'entries') return kind
  throw new AppError('integrity', `The database names a part of the unknown kind “${kind}”.`)
}

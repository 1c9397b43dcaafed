import type { BackupContext } from '#lib/backup/backup-context.ts'
import { createDb } from '#lib/db.ts'
import { isDatabaseError } from '#lib/errors.ts'
import { type Fate, type WireLine, wireLine } from '#lib/wire-line-for-tests.ts'

/** Something a worker does, again and again anew. */
export interface Work {
  /** @returns the ID of a row that is to be worked on */
  prepare(): Promise<string>
  run(context: BackupContext, id: string): Promise<void>
  /** All of it was done, and nothing twice. */
  mustBeDone(id: string): Promise<void>
}

const everyChange = /(?:^|\0)\s*(?:COMMIT|INSERT|UPDATE|DELETE|WITH)\b/i

/**
 * Does a work once for each of the changes that it makes in the database, and loses the line beside that: before PostgreSQL hears of
 * it, or before its answer is heard. Whatever throws then is done again, as the queue has it.
 * @returns how many changes there are
 */
export async function loseEachAnswer(
  context: BackupContext,
  url: string,
  work: Work,
  { changes = everyChange, fates = ['unanswered', 'unheard'] }: { changes?: RegExp; fates?: readonly Fate[] } = {},
): Promise<number> {
  const line = await wireLine(url)
  const db = createDb(line.url)
  try {
    for (let change = 1; ; change += 1)
      for (const fate of fates) {
        const struck = await lose({ ...context, db }, context, { line, work, changes, change, fate })
        if (struck === undefined) return change - 1
      }
  } finally {
    await db.$disconnect()
    line.close()
  }
}

interface Loss {
  readonly line: WireLine
  readonly work: Work
  readonly changes: RegExp
  readonly change: number
  readonly fate: Fate
}

/** @returns the change that was lost; undefined: there are not so many */
async function lose(through: BackupContext, well: BackupContext, { line, work, changes, change, fate }: Loss) {
  const id = await work.prepare()
  let left = change
  let struck: string | undefined
  line.decide = (sql) => {
    if (!changes.test(sql)) return 'passes'
    left -= 1
    if (left !== 0) return 'passes'
    struck = sql
    return fate
  }
  try {
    await work.run(through, id)
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await work.run(well, id)
  }
  line.decide = () => 'passes'
  await work.mustBeDone(id).catch((error: unknown) => {
    throw new Error(`${fate}: ${struck?.replaceAll('\0', ' ').trim().slice(0, 200)}`, { cause: error })
  })
  return struck
}

import { recordAudit } from '#lib/audit/record.ts'
import { type Db, databaseTime } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { tellAdministrators } from '#lib/notices/tell-administrators.ts'

/**
 * Nothing of the request is done. Any administrator may, until a worker has begun: of the two, one comes first.
 * Throws AppError `not-found`, or `conflict` when it is too late or was done before.
 */
export async function undoShred(db: Db, id: string, actor: string, given?: Date): Promise<void> {
  await db.$transaction(async (tx) => {
    const now = given ?? (await databaseTime(tx))
    const { count } = await tx.shred.updateMany({
      where: { id, state: 'waiting' },
      data: { state: 'undone', undoneAt: now, undoneBy: actor },
    })
    const row = await tx.shred.findUnique({ where: { id } })
    if (!row) throw new AppError('not-found', `There is no request ${id}.`)
    if (count === 0)
      throw new AppError(
        'conflict',
        row.state === 'undone'
          ? `It was undone already, by ${row.undoneBy}.`
          : 'It is too late: the wraps are being destroyed, or are.',
      )
    await recordAudit(tx, { actor, action: 'shred.undo', outcome: 'success', subject: `“${row.name}”, request ${id}` })
    await tellAdministrators(tx, {
      actor,
      title: 'A crypto-shred was undone',
      detail: `“${row.name}” stays as it was.`,
      link: `/backups/shred/${id}`,
    })
  })
}

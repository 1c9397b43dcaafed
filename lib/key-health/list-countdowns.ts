import { word } from '#lib/aws/fixes/shell.ts'
import type { Tx } from '#lib/db.ts'
import type { KeyFacts } from '#lib/key-holdings/read-facts.ts'
import { dependentsIn, holdingsNow } from './dependents.ts'
import type { Countdown } from './schema.ts'
import { daysLeft } from './view-health.ts'

/**
 * Keys that are pending deletion while something would be lost with them, backups or what the console's seal opens by
 * them alone, or new backups still go under them; the soonest first. From what the watch has stored: one small query
 * while no key is pending deletion, and it asks none.
 */
export async function listCountdowns(
  db: Tx,
  now: Date = new Date(),
  read?: () => Promise<KeyFacts>,
): Promise<Countdown[]> {
  const dying = await db.keyHealth.findMany({
    where: { state: 'pending deletion' },
    orderBy: [{ deletionDate: { sort: 'asc', nulls: 'first' } }, { arn: 'asc' }],
    select: { arn: true, deletionDate: true },
  })
  if (dying.length === 0) return []
  const holdings = new Map((await holdingsNow(db, read)).map((holding) => [holding.arn, holding]))
  return dying.flatMap(({ arn, deletionDate }) => {
    const holding = holdings.get(arn)
    if (!holding) return []
    const dependents = dependentsIn(holding)
    const { onlyWayIn, inUse, seal } = dependents
    if (onlyWayIn === 0 && holding.underWay === 0 && !inUse && !seal) return []
    const region = arn.split(':')[3] ?? ''
    const command = (verb: string) => `aws kms ${verb} --region ${region} --key-id ${word(arn)}`
    return [
      {
        arn,
        deletionDate: deletionDate?.toISOString() ?? null,
        daysLeft: daysLeft(deletionDate, now),
        dependents,
        cancelCommand: `${command('cancel-key-deletion')} &&\n${command('enable-key')}`,
        cancelPolicy: JSON.stringify(
          { Effect: 'Allow', Action: ['kms:CancelKeyDeletion', 'kms:EnableKey'], Resource: arn },
          null,
          2,
        ),
      },
    ]
  })
}

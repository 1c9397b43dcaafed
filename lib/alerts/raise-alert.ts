import type { Tx } from '#lib/db.ts'
import { graver, isNamedByKms, type KeyDependents, type KeyDiagnosis, type KeyState } from '#lib/key-health/schema.ts'
import { stateOf } from '#lib/key-health/state-of.ts'
import { keyPath } from '#lib/key-holdings/schema.ts'
import { queueDeliveries } from './queue-deliveries.ts'
import type { AlertMessage } from './schema.ts'

interface KeyChange {
  readonly arn: string
  readonly from: KeyState
  readonly to: KeyState
  readonly diagnosis: KeyDiagnosis | null
  readonly deletionDate: Date | null
  readonly dependents: KeyDependents
  readonly at: Date
}

/**
 * Takes the transaction in which a key's state changes. Opens an alert, or tells of what is worse than was told before;
 * is quiet about anything less; and gives the word when all is well again.
 */
export async function alertOfKey(tx: Tx, change: KeyChange): Promise<void> {
  const { arn, from, to, diagnosis, dependents, at } = change
  const open = await tx.alert.findUnique({ where: { openFor: arn } })
  if (to === 'healthy') {
    if (open) await closeAlert(tx, arn, `Key ${nameOf(arn)} is healthy again`, { at, from, dependents })
    return
  }
  const title = `Key ${nameOf(arn)} ${told(change)}`
  const detail = diagnosis ? `${diagnosis.title}. ${diagnosis.detail}` : ''
  if (open && graver(to, stateOf(open.state)) <= 0) {
    // What KMS has said and taken back would be news again; an outage that comes and goes would not.
    const state = isNamedByKms(stateOf(open.state)) ? to : open.state
    await tx.alert.update({ where: { id: open.id }, data: { state, title, detail } })
    return
  }
  const alert = open
    ? await tx.alert.update({ where: { id: open.id }, data: { state: to, title, detail } })
    : await tx.alert.create({ data: { subject: arn, openFor: arn, state: to, title, detail, openedAt: at } })
  const message: AlertMessage = {
    kind: open ? 'worse' : 'opened',
    title,
    at: at.toISOString(),
    key: { arn, state: to, before: from },
    ...(diagnosis && { diagnosis: tellable(diagnosis) }),
    dependents,
    path: keyPath(arn),
  }
  await queueDeliveries(tx, alert.id, message, at)
}

/** A deletion that comes near is told again, once for each of these. */
const remindDays = [7, 3, 1]

/** Takes the transaction of the check for which `isReminderDue`. */
export async function remindOfDeletion(
  tx: Tx,
  { arn, deletionDate, dependents, diagnosis, at }: Omit<KeyChange, 'from' | 'to'>,
): Promise<void> {
  const open = await tx.alert.findUnique({ where: { openFor: arn } })
  if (!open || !deletionDate) return
  const days = daysUntil(deletionDate, at)
  const title = `Key ${nameOf(arn)} will be deleted ${days <= 1 ? 'within a day' : `in ${days} days`}`
  const message: AlertMessage = {
    kind: 'reminder',
    title,
    at: at.toISOString(),
    key: { arn, state: 'pending deletion', before: 'pending deletion' },
    ...(diagnosis && { diagnosis: tellable(diagnosis) }),
    dependents,
    path: keyPath(arn),
  }
  await queueDeliveries(tx, open.id, message, at)
}

/** @param last when the key was found pending deletion before */
export function isReminderDue(deletionDate: Date, last: Date, at: Date): boolean {
  return remindDays.some((days) => daysUntil(deletionDate, last) > days && daysUntil(deletionDate, at) <= days)
}

const daysUntil = (date: Date, from: Date) => Math.ceil((date.getTime() - from.getTime()) / 86_400_000)

/** Nothing happens where none is open. */
export async function closeAlert(
  tx: Tx,
  arn: string,
  title: string,
  { at, from, dependents }: { at: Date; from: KeyState; dependents?: KeyDependents },
): Promise<void> {
  const open = await tx.alert.findUnique({ where: { openFor: arn } })
  if (!open) return
  await tx.alert.update({ where: { id: open.id }, data: { openFor: null, closedAt: at } })
  const message: AlertMessage = {
    kind: 'closed',
    title,
    at: at.toISOString(),
    key: { arn, state: 'healthy', before: from },
    ...(dependents && { dependents }),
    path: keyPath(arn),
  }
  await queueDeliveries(tx, open.id, message, at)
}

function told({ to, deletionDate }: KeyChange): string {
  switch (to) {
    case 'degraded':
      return 'answers slowly or not always'
    case 'unreachable':
      return 'cannot be reached'
    case 'refused':
      return 'is refused to this console'
    case 'pending deletion':
      return `is scheduled for deletion${deletionDate ? ` on ${deletionDate.toISOString().slice(0, 10)}` : ''}`
    default:
      return `is ${to}`
  }
}

/** Policies are on the key's page; the commands that undo it are what a person needs at once. */
function tellable({ title, detail, cause, who, fix, remedies = [] }: KeyDiagnosis): AlertMessage['diagnosis'] {
  const commands = remedies.flatMap(({ formats }) =>
    formats.length === 1 ? formats.filter(({ format }) => format === 'cli').map(({ text }) => text) : [],
  )
  return { title, detail, cause, who, fix, ...(commands.length > 0 && { commands }) }
}

/** The end of its ID and where it is: enough to know it by, in one line. */
function nameOf(arn: string): string {
  const [, , , region, account, resource = arn] = arn.split(':')
  return `${resource.replace(/^key\//, '')} (${region}, account ${account})`
}

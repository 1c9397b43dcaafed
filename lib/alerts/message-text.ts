import { bytesText } from '#lib/bytes-text.ts'
import { count } from '#lib/count-text.ts'
import { minuteText } from '#lib/time-text.ts'
import type { AlertMessage } from './schema.ts'

/** For people. */
export function mailOf(message: AlertMessage, publicUrl: string): { subject: string; text: string } {
  const { title, at, key, diagnosis, dependents, schedule, path } = message
  const parts = [
    `${title}.`,
    key && `Key: ${key.arn}\nBefore: ${key.before}. Now: ${key.state}. Seen: ${at}`,
    diagnosis && `${diagnosis.title}. ${diagnosis.detail}\nWhy: ${diagnosis.cause}`,
    diagnosis && `What to do${diagnosis.who ? ` (${diagnosis.who})` : ''}: ${diagnosis.fix}`,
    diagnosis?.commands && `By an administrator of the key:\n\n${diagnosis.commands.join('\n')}`,
    dependents && `Depending on it: ${dependentsText(dependents)}`,
    schedule?.error,
    schedule && scheduleText(schedule),
    `${publicUrl}${path}`,
    message.kind === 'opened' && 'No further message comes until it is worse or all is well again.',
  ]
  return { subject: `[Vault Console] ${title}`, text: `${parts.filter(Boolean).join('\n\n')}\n` }
}

/** For programs: docs/keys.md describes it. */
export function webhookBodyOf({ kind, at, path, ...data }: AlertMessage, publicUrl: string): string {
  return JSON.stringify({
    type: kind === 'test' ? kind : `${data.schedule ? 'schedule' : 'key'}.${kind}`,
    timestamp: at,
    data: { ...data, url: `${publicUrl}${path}` },
  })
}

function scheduleText({ source, host, lastComplete }: NonNullable<AlertMessage['schedule']>): string {
  const last = lastComplete === null ? 'none' : minuteText(new Date(lastComplete))
  return `Folder: ${source} on ${host}\nLast complete backup: ${last}`
}

/** One sentence. */
function dependentsText({
  backups,
  bytes,
  onlyWayIn,
  schedules,
  inUse,
  seal,
}: NonNullable<AlertMessage['dependents']>): string {
  const held =
    backups === 0
      ? 'no backup'
      : `${count(backups, 'backup')} (${bytesText(bytes)}), of which ${onlyWayIn} have no other way in`
  const use = inUse
    ? `, the saved Backup Environment${schedules > 0 ? ` and ${count(schedules, 'schedule')}` : ''}`
    : ''
  const own = seal
    ? `, the seal of this console: ${count(seal.secrets, 'secret')}${seal.backups > 0 ? ` and ${count(seal.backups, 'backup')} of method AES-256` : ''}, and after its next start it stays sealed without this key`
    : ''
  return `${held}${use}${own}.`
}

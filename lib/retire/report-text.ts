import { remedyLines } from '#lib/aws/fixes/remedy-lines.ts'
import { command, word } from '#lib/aws/fixes/shell.ts'
import type { RetireReport } from './schema.ts'

/** The report for people: a text file to keep, and what the command prints. */
export function reportText(report: RetireReport): string {
  const { key, at, by, safe, needs, needed, kms, oldVersions, unknown, places } = report
  const lines = [
    safe ? `Nothing here needs ${key}.` : `${key} is still needed:`,
    ...needs.map(({ what, why }) => `  ${what}: ${why}`),
    ...(needed > needs.length ? [`  and ${needed - needs.length} more`] : []),
    '',
    `Proven ${at}, asked for by ${by}, installation ${report.installation}.`,
    `Backups in the database: ${report.backups}. Envelopes read back from the bucket that do not name the key: ${report.envelopes}.`,
    `Folders in the bucket that the database does not know: ${unknown.folders}, of which ${unknown.naming} name the key.`,
    ...places.map(({ region, bucket, folder }) => `  looked at: s3://${bucket}/${folder} in ${region}`),
    ...(report.revisions.length > 0
      ? [`Older settings that name it, and would need it again: revision ${report.revisions.join(', ')}.`]
      : []),
    `Secrets of this console under root keys: ${report.sealedValues}.`,
    oldVersionsText(oldVersions),
    ...remedyLines(oldVersions.remedies).map((line) => `  ${line}`),
    '',
    'What KMS says of the key:',
    ...kmsLines(kms).map((line) => `  ${line}`),
    '',
    'What this cannot see:',
    ...report.beyond.map((one) => `  ${one}`),
  ]
  return `${lines.join('\n')}\n`
}

function oldVersionsText({ found, backups, read, unseen }: RetireReport['oldVersions']): string {
  const seen =
    found === 0
      ? `No old version of an envelope opens with this key; ${read} were read.`
      : `${found} old ${found === 1 ? 'version' : 'versions'} of envelopes, of ${backups} ${backups === 1 ? 'backup' : 'backups'}, still open with this key: whoever has the key and may read old versions can read these backups.`
  return unseen === null ? seen : `${seen} Not all could be looked at: ${unseen}`
}

function kmsLines({ state, lastUse, aliases }: RetireReport['kms']): string[] {
  return [
    'why' in state
      ? `State: ${state.why}`
      : `State: ${state.state}${state.deletionDate ? `, deleted on ${state.deletionDate}` : ''}`,
    'why' in lastUse
      ? `Last use: ${lastUse.why}`
      : lastUse.at
        ? `Last use: ${lastUse.operation} on ${lastUse.at}, by this console or anybody`
        : `Last use: none${lastUse.since ? ` since ${lastUse.since}, when AWS began to keep track` : ''}`,
    'why' in aliases ? `Aliases: ${aliases.why}` : `Aliases that point to it: ${aliases.names.join(', ') || 'none'}`,
  ]
}

/** In the order that AWS advises: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html */
export function nextCommands(key: string): { disable: string; watch: string; schedule: string } {
  const region = `--region ${key.split(':')[3] ?? ''}`
  const id = `--key-id ${word(key)}`
  return {
    disable: command(`aws kms disable-key ${region}`, id),
    watch: command(
      `aws cloudtrail lookup-events ${region}`,
      `--lookup-attributes AttributeKey=ResourceName,AttributeValue=${word(key)}`,
      '--query "Events[?contains(CloudTrailEvent, \'DisabledException\')].[EventTime,Username,EventName]"',
      '--output table',
    ),
    schedule: command(`aws kms schedule-key-deletion ${region}`, id, '--pending-window-in-days 30'),
  }
}

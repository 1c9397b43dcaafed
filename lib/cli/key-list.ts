import type { Command } from 'commander'
import { tryKeysNow } from '#lib/key-health/watch-keys.ts'
import { listKeys } from '#lib/key-holdings/list-keys.ts'
import { isNeeded, type KeyRow } from '#lib/key-holdings/schema.ts'
import type { Services } from '#lib/services.ts'
import { withServices } from './attach.ts'
import { bytesText, count, plain, print, printJson } from './output.ts'

export function addKeyList(key: Command): void {
  key
    .command('list')
    .description('Every KMS key that was ever used here, worst first: its state now, and what hangs on it.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 listed, 3 no console is running.')
    .action(async (options: { json?: boolean }) => {
      const keys = await withServices(listKeysNow)
      if (options.json) return printJson({ keys: keys.map(flatKey) })
      if (keys.length === 0) print('No backup and no saved environment names a key.')
      for (const one of keys) {
        print(one.arn)
        for (const line of keyLines(one)) print(`  ${plain(line)}`)
      }
    })
}

/** Whoever asks on a terminal wants to know how it is now: each key that something needs is tried first. */
async function listKeysNow({ backup, db, env }: Services): Promise<KeyRow[]> {
  const needed = (await listKeys(db)).filter(isNeeded)
  const arns = needed.map(({ arn }) => arn)
  await tryKeysNow(backup, arns, env.keyHealth)
  return listKeys(db)
}

/** For programs: `state` is `unknown` before the first check, and of keys that nothing needs. */
export function flatKey({ arn, health, ...holding }: KeyRow) {
  return {
    arn,
    state: health?.state ?? 'unknown',
    checkedAt: health?.checkedAt ?? null,
    deletionDate: health?.deletionDate ?? null,
    daysLeft: health?.daysLeft ?? null,
    ...holding,
  }
}

export function keyLines(row: KeyRow): string[] {
  const { health, aliases, environment, schedules, backups, bytes, lost, underWay, seal } = row
  const days = health?.daysLeft
  const state = health?.state ?? (isNeeded(row) ? 'not checked yet' : 'not watched: nothing needs it')
  return [
    `${state}${days === null || days === undefined ? '' : `, deleted in ${count(days, 'day')}`}`,
    ...(aliases.length > 0 ? [`typed as ${aliases.map(({ name }) => name).join(', ')}`] : []),
    `${count(backups, 'backup')}, ${bytesText(bytes)}${underWay > 0 ? `, ${underWay} more under way` : ''}`,
    lost.backups > 0
      ? `lost with it: ${count(lost.backups, 'backup')}, ${bytesText(lost.bytes)}, which nothing else opens`
      : 'no backup would be lost with it',
    ...(environment
      ? [`${environment.as} key of new backups${schedules > 0 ? ` and of ${count(schedules, 'schedule')}` : ''}`]
      : []),
    ...(seal ? [`the seal: wraps ${count(seal.rootKeys, 'root key')} of this console`] : []),
  ]
}

import type { Command } from 'commander'
import { databaseTime } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import type { KeyHealth, KeyState } from '#lib/key-health/schema.ts'
import { healthOf } from '#lib/key-health/view-health.ts'
import { followKeys, tryKeysNow } from '#lib/key-health/watch-keys.ts'
import { findKey } from '#lib/key-holdings/find-key.ts'
import { listKeys } from '#lib/key-holdings/list-keys.ts'
import { isNeeded } from '#lib/key-holdings/schema.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { count, plain, print, printJson, timeText } from './output.ts'

export function addKeyHealth(key: Command): void {
  key
    .command('health')
    .description(
      'How keys are that a backup, the saved environment or the seal needs: what the watch found last, why, and the fix.',
    )
    .argument('[key]', 'key ARN, key ID, or an alias as it was typed (default: all of them)')
    .option('--now', 'try them now: DescribeKey, Encrypt and Decrypt')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 all of them work, 1 one is refused, disabled, pending deletion or deleted, 2 bad usage,' +
        '\n3 one cannot be reached, or no console is running.',
    )
    .action(async (text: string | undefined, options: { now?: boolean; json?: boolean }) => {
      const keys = await withServices(async ({ backup, db, env }) => {
        const all = await listKeys(db)
        const wanted = text === undefined ? all.filter(isNeeded) : [findKey(all, text)]
        const arns = wanted.map(({ arn }) => arn)
        if (options.now) await tryKeysNow(backup, arns, env.keyHealth)
        else await followKeys(backup, await databaseTime(backup.db))
        const health = await healthOf(db, arns)
        const found = arns.flatMap((arn) => health.get(arn) ?? [])
        if (text !== undefined && found.length === 0)
          throw new AppError('not-found', `Nothing needs the key ${arns[0]}, so it is not watched.`, {
            fix: 'byok key check proves any key.',
          })
        return found
      })
      if (options.json) printJson({ keys })
      else printKeys(keys)
      process.exitCode = exitCodeOf(keys.map(({ state }) => state))
    })
}

function printKeys(keys: readonly KeyHealth[]): void {
  if (keys.length === 0) print('No backup, no saved environment and no seal needs a key.')
  for (const { arn, state, since, checkedAt, nextCheckAt, tookMs, daysLeft, diagnosis } of keys) {
    print(arn)
    print(
      `  ${checkedAt ? state : 'not checked yet'}${daysLeft === null ? '' : `, deleted in ${count(daysLeft, 'day')}`}, since ${timeText(since)}`,
    )
    if (checkedAt)
      print(`  last check ${timeText(checkedAt)}, slowest call ${tookMs} ms, next ${timeText(nextCheckAt)}`)
    if (!diagnosis) continue
    print(`  ${diagnosis.title}. ${plain(diagnosis.detail)}`)
    print(`  Why: ${plain(diagnosis.cause)}`)
    print(`  To mend it${diagnosis.who ? ` (${diagnosis.who})` : ''}: ${plain(diagnosis.fix)}`)
    for (const { formats } of diagnosis.remedies ?? [])
      for (const { format, text } of formats) if (format === 'cli') print(text.replace(/^/gm, '    ').trimEnd())
  }
}

function exitCodeOf(states: readonly KeyState[]): number {
  if (states.some((state) => !['healthy', 'degraded', 'unreachable'].includes(state))) return exitCodes.failed
  return states.includes('unreachable') ? exitCodes.unavailable : exitCodes.done
}

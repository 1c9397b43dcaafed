import type { Command } from 'commander'
import { healthOf } from '#lib/key-health/view-health.ts'
import { tryKeyNow } from '#lib/key-health/watch-keys.ts'
import { askKey } from '#lib/key-holdings/ask-key.ts'
import { findKey } from '#lib/key-holdings/find-key.ts'
import { listKeys } from '#lib/key-holdings/list-keys.ts'
import type { KeyAnswers } from '#lib/key-holdings/schema.ts'
import { viewKey } from '#lib/key-holdings/view-key.ts'
import { withServices } from './attach.ts'
import { flatKey, keyLines } from './key-list.ts'
import { bytesText, plain, print, printJson, timeText } from './output.ts'

export function addKeyShow(key: Command): void {
  key
    .command('show')
    .description('One key: its state now, what KMS says of it, and what hangs on it, with its newest backups.')
    .argument('<key>', 'key ARN, key ID, or an alias as it was typed')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 shown, 1 no such key was ever used here, 2 bad usage, 3 no console is running.',
    )
    .action(async (text: string, options: { json?: boolean }) => {
      const { view, diagnosis, answers } = await withServices(async ({ backup, db, env }) => {
        const { arn, aliases } = findKey(await listKeys(db), text)
        const [answers] = await Promise.all([
          askKey(
            backup,
            arn,
            aliases.map(({ name }) => name),
          ),
          tryKeyNow(backup, arn, env.keyHealth),
        ])
        const [view, health] = await Promise.all([viewKey(db, arn, {}), healthOf(db, [arn])])
        return { view, diagnosis: health.get(arn)?.diagnosis ?? null, answers }
      })
      if (!view) return
      const { key: row, backups, nextBefore, schedules } = view
      if (options.json)
        return printJson({
          ...flatKey(row),
          diagnosis,
          ...answers,
          scheduleList: schedules,
          backupList: backups,
          nextBefore,
        })
      print(row.arn)
      for (const line of keyLines(row)) print(`  ${plain(line)}`)
      for (const line of answerLines(answers)) print(`  ${plain(line)}`)
      if (diagnosis) print(`  ${plain(`${diagnosis.title}: ${diagnosis.fix}`)}`)
      for (const { id, createdAt, bytes, name, others } of backups)
        print(
          `${id}  ${timeText(createdAt)}  ${(bytes === null ? '–' : bytesText(bytes)).padStart(10)}  ${others.some(({ usable }) => usable) ? 'another way in' : 'only this key '}  ${plain(name)}`,
        )
      if (nextBefore) print(`and older ones: ${row.backups} in all`)
    })
}

function answerLines({ about, rotation, lastUse, aliases }: KeyAnswers): string[] {
  return [
    ...aliases.map((alias) => `${alias.name}: ${alias.ok ? `points to ${alias.pointsTo}` : alias.why}`),
    `rotation: ${!rotation.ok ? rotation.why : rotation.everyDays === null ? 'off' : `every ${rotation.everyDays} days`}`,
    `last use: ${!lastUse.ok ? lastUse.why : lastUse.at ? `${lastUse.operation} ${timeText(lastUse.at)}` : 'none known'}`,
    `origin: ${!about.ok ? about.why : `${about.origin}${about.multiRegion ? ', multi-Region' : ''}`}`,
  ]
}

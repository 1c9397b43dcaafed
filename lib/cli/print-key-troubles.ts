import type { BackupDetail } from '#lib/backup/schema.ts'
import { plain, print, timeText } from './output.ts'

/** Of a backup’s keys those that open nothing now: what the watch found last, why, and the fix. */
export function printKeyTroubles({ locked, keyTroubles }: Pick<BackupDetail, 'locked' | 'keyTroubles'>): void {
  for (const { arn, state, checkedAt, diagnosis } of keyTroubles) {
    const tried = checkedAt ? `, tried ${timeText(checkedAt)}` : ''
    print(
      `! Key ${arn} is ${state}${tried}, and opens nothing now${locked ? '' : '; another of its keys may open this backup'}.`,
    )
    if (!diagnosis) continue
    print(`  ${plain(diagnosis.title)}. ${plain(diagnosis.detail)}`)
    print(`  Why: ${plain(diagnosis.cause)}`)
    const copy = diagnosis.remedies?.length ? ` byok key health ${arn} has it to copy.` : ''
    print(`  To mend it: ${plain(diagnosis.fix)}${copy}`)
  }
  if (locked) print('! Nothing opens this backup until one of its keys works again.')
}

import type { Command } from 'commander'
import { listKeys } from '#lib/rewrap/list-keys.ts'
import { withServices } from './attach.ts'
import { bytesText, print, printJson } from './output.ts'

export function addKeyList(key: Command): void {
  key
    .command('list')
    .description('Every KMS key that a backup or the saved environment names: its state now, and what hangs on it.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 listed, 3 no console is running.')
    .action(async (options: { json?: boolean }) => {
      const keys = await withServices(({ backup }) => listKeys(backup))
      if (options.json) {
        printJson({ keys })
        return
      }
      if (keys.length === 0) print('No backup and no saved environment names a key.')
      for (const { arn, state, daysLeft, backups, bytes, onlyWayIn, inUse } of keys) {
        print(arn)
        print(
          `  ${state}${daysLeft === null ? '' : `, deleted in ${daysLeft} days`}${inUse ? ', in use for new backups' : ''}`,
        )
        print(`  ${backups} backups, ${bytesText(bytes)}; of them ${onlyWayIn} that nothing else opens`)
      }
    })
}

import type { Command } from 'commander'
import type { BytePath } from '#lib/archive/byte-path.ts'
import { listFolder, pathOfId, searchFiles } from '#lib/backup/browse-backup.ts'
import { BrowsedBackups } from '#lib/backup/browse-cache.ts'
import type { BrowsedItem } from '#lib/backup/browse-schema.ts'
import type { EntryIndex } from '#lib/backup/entry-index.ts'
import { pathsOf } from '#lib/backup/select-entries.ts'
import { AppError } from '#lib/errors.ts'
import { calledFor } from '#lib/kms-calls/called-for.ts'
import { wholeNumber } from './arguments.ts'
import { withServices } from './attach.ts'
import { mustBeId } from './backup-restore.ts'
import { bytesText, plain, print, printError, printJson, someoneReads } from './output.ts'

const pageSize = 500

interface Options {
  readonly search?: string
  readonly after?: string
  readonly limit: number
  readonly json?: boolean
}

export function addBackupFiles(backup: Command): void {
  backup
    .command('files')
    .description('List what lies in a folder of a backup, or search its files. Fetches no data, only the list.')
    .argument('<id>', 'the backup’s ID, as byok backup list shows it')
    .argument('[folder]', 'a folder, from the backup’s top')
    .option('--search <text>', 'everything with this text in its path, whatever its case')
    .option('--limit <number>', 'how many to list', wholeNumber, 10_000)
    .option('--after <id>', 'continue after this file (nextAfter of the JSON)')
    .option('--json', 'print as JSON: { files, nextAfter }')
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 bad usage, 3 no console is running.')
    .action((id: string, folder: string | undefined, options: Options) =>
      withServices(async (services) => {
        mustBeId(id)
        if (!/^[\w-]+$/.test(options.after ?? '_'))
          throw new AppError('invalid', `“${plain(options.after ?? '')}” is no place to continue after.`, {
            fix: 'It is what the end of a list says behind --after.',
          })
        const browsed = new BrowsedBackups(calledFor(services.backup, 'browse'))
        const { index, release } = await browsed.open(id)
        try {
          const files: BrowsedItem[] = []
          const path = await pathMeant(index, folder ?? '.')
          let after = options.after === undefined ? undefined : pathOfId(options.after)
          let left = options.limit
          let next: string | null
          do {
            const wish = { after, limit: Math.min(pageSize, left) }
            const page =
              options.search === undefined
                ? await listFolder(index, path, wish)
                : await searchFiles(index, options.search, wish)
            left -= page.items.length
            next = page.next
            after = next === null ? undefined : pathOfId(next)
            if (options.json) files.push(...page.items)
            else for (const item of page.items) print(lineOf(item, options.search !== undefined))
          } while (next !== null && left > 0 && someoneReads())
          if (options.json) printJson({ files, nextAfter: next })
          else if (next !== null) print(`More: add --after ${next}`)
          else if (left === options.limit && options.after === undefined)
            printError(
              options.search === undefined
                ? 'This folder is empty.'
                : `Nothing has “${plain(options.search)}” in its path.`,
            )
        } finally {
          release()
          browsed.close()
        }
      }),
    )
}

/** A name that is no text is written as the list shows it. */
async function pathMeant(index: EntryIndex, folder: string): Promise<BytePath> {
  const paths = pathsOf(folder)
  for (const path of paths) if (await index.find(path)) return path
  return paths.at(-1) ?? '.'
}

function lineOf(item: BrowsedItem, wholePath: boolean): string {
  const size = item.size === null ? '' : bytesText(item.size)
  const time = item.mtime?.slice(0, 19).replace('T', ' ') ?? ''
  const mark = item.type === 'folder' ? '/' : ''
  const link = item.target === null ? '' : ` -> ${plain(item.target)}`
  const warning = item.warning === null ? '' : `  ! ${plain(item.warning)}`
  return `${(item.mode ?? '').padStart(4)}  ${size.padStart(10)}  ${time.padEnd(19)}  ${plain(wholePath ? item.path : item.name)}${mark}${link}${warning}`
}

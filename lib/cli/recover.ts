import { realpathSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { previewRestore } from '#lib/backup/preview-restore.ts'
import { restoreBackup } from '#lib/backup/restore-backup.ts'
import { readEnv } from '#lib/env.ts'
import { AppError } from '#lib/errors.ts'
import { listWithoutDatabase } from '#lib/recover/list-without-database.ts'
import { openWithoutDatabase } from '#lib/recover/open-without-database.ts'
import { openRecoverySource, type RecoverySource } from '#lib/recover/recovery-source.ts'
import { aTarget, severalNotEmpty, severalTimes } from './arguments.ts'
import { exitCodes } from './exit-codes.ts'
import { openKitFile } from './open-kit-file.ts'
import {
  bytesText,
  count,
  plain,
  print,
  printError,
  printJson,
  progressLine,
  someoneReads,
  timeText,
} from './output.ts'
import { restorePreview } from './print-preview.ts'
import { tellOnInterrupt } from './tell-on-interrupt.ts'

interface Options {
  environment: string
  key?: string[]
  recoveryKit?: string
  allowUnencrypted?: boolean
  region?: string
  endpoint?: string
  list?: boolean
  to?: string
  dryRun?: boolean
  json?: boolean
}

const blind =
  'Without the console’s database nobody can see whether backups were deleted, whether an older state was put back, or\n' +
  'whether somebody who may encrypt under the key made one of these.'
const blindUnencrypted = `${blind} Unencrypted backups may also have been changed\nby anybody who can write to the bucket.`

export function addRecover(recover: Command): void {
  recover
    .description(
      'Restore backups with nothing but the bucket and the key: no database, no data folder and no running console.',
    )
    .argument('<address>', 's3://BUCKET or s3://BUCKET/PREFIX, without the environment’s ID')
    .argument('[backup]', 'the backup’s ID')
    .argument(
      '[paths...]',
      'what to restore, as byok backup restore takes it; everything unless named',
      severalNotEmpty,
    )
    .requiredOption('--environment <id>', 'the environment’s ID, from your own records')
    // Not `<arns...>`, which would take the backup’s ID for a further key.
    .option(
      '--key <arn>',
      'key ARN from your own records; once more for each further one that may open it',
      severalTimes,
    )
    .option(
      '--recovery-kit <file>',
      'for backups of method AES-256: a kit of byok seal recovery-kit; its passphrase is asked for, or read as a line',
    )
    .option('--allow-unencrypted', 'backups of method none are meant, which nothing protects')
    .option('--region <region>', 'Region of the bucket (default: the key’s)')
    .option('--endpoint <url>', 'where KMS and S3 are, if not at AWS, such as the sandbox’s address')
    .option('--list', 'show the backups that are there')
    .option('--to <folder>', 'a folder that does not exist yet, or is empty', aTarget)
    .option('--dry-run', 'with --to: show what would be written, and write nothing')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nCredentials come from the AWS SDK’s default chain and need s3:ListBucket, s3:GetObject and kms:Decrypt.' +
        '\nExit codes: 0 done, 1 failed or refused, 2 bad usage, 3 AWS cannot be reached.',
    )
    .action(async (address: string, backup: string | undefined, paths: readonly string[], options: Options) => {
      const { key: keys = [], allowUnencrypted = false, list = false, to, environment } = options
      if ((keys.length > 0 || options.recoveryKit !== undefined) === allowUnencrypted)
        recover.error('error: say either --key ARN, --recovery-kit FILE or both, or --allow-unencrypted', {
          code: 'recover.protection',
        })
      if (list ? backup !== undefined || to !== undefined || options.dryRun : backup === undefined || to === undefined)
        recover.error('error: say either --list, or the backup’s ID and --to FOLDER', { code: 'recover.what' })
      const { awsVariables, proxy } = readEnv(undefined, { serves: false })
      const source = openRecoverySource({
        address,
        environment,
        keys,
        kit: options.recoveryKit === undefined ? undefined : await openKitFile(options.recoveryKit),
        region: options.region,
        endpoint: options.endpoint,
        credentials: { variables: awsVariables },
        proxy,
      })
      try {
        if (list) await showAll(source, options)
        else await restoreOne(source, backup ?? '', { target: realTarget(to ?? ''), paths }, options)
      } finally {
        source.close()
      }
    })
}

async function showAll(source: RecoverySource, { json }: Options): Promise<void> {
  const backups = []
  for await (const backup of listWithoutDatabase(source)) {
    if (json) backups.push(backup)
    else if (backup.state === 'refused') print(`${plain(backup.id)}  cannot be opened: ${plain(backup.reason)}`)
    else {
      const { id, createdAt, totals, installation } = backup
      const when = timeText(createdAt)
      print(
        `${id}  ${when}  ${bytesText(totals.bytes).padStart(10)}  ${count(totals.files, 'file')}  installation ${plain(installation)}`,
      )
    }
    if (backup.state === 'refused') process.exitCode = exitCodes.failed
    if (!json) backups.push(backup)
  }
  if (json) return printJson({ backups })
  const { bucket, prefix, environment } = source
  if (backups.length === 0)
    throw new AppError(
      'not-found',
      `No complete backup lies in bucket ${bucket} under ${prefix && `${prefix}/`}${environment}/backups/.`,
      { fix: 'Is the environment’s ID right, and what stands before it in the bucket?' },
    )
  printError(source.keys.length > 0 ? blind : blindUnencrypted)
}

/** Links above it, as far as it is there, are followed now: whoever types it means where they lead. */
function realTarget(typed: string): string {
  const whole = path.resolve(typed)
  for (let above = path.dirname(whole); ; above = path.dirname(above))
    try {
      return path.join(realpathSync.native(above), path.relative(above, whole))
    } catch {
      if (above === path.dirname(above)) return whole // what is wrong with it is told by the restore
    }
}

async function restoreOne(
  source: RecoverySource,
  id: string,
  { target, paths }: { target: string; paths: readonly string[] },
  { json, dryRun }: Options,
): Promise<void> {
  const started = performance.now()
  const backup = await openWithoutDatabase(source, id)
  const { installation } = backup.identity
  const encrypted = source.keys.length > 0
  if (!json)
    print(
      encrypted
        ? `Backup ${id} of ${timeText(backup.manifest.createdAt)}, of installation ${installation}: named by its envelope, and its key\nhas authenticated it. Compare it with your records.`
        : `Backup ${id} says that it is of ${timeText(backup.manifest.createdAt)} and of installation ${plain(installation)}. Nobody vouches for that.`,
    )
  if (dryRun) {
    const shown = restorePreview({ backup: id, target }, json)
    return shown.end(await previewRestore({ backup, target, paths, draft: false, goOn: someoneReads }, shown.onItem))
  }
  const line = progressLine()
  const { bytes: total } = backup.manifest.totals
  const left = `Whatever was restored into ${target} until then is whole, but not everything.`
  // Nothing tidies up then: see TreeWriter.
  const stopped = `Stopped. Not everything is in ${target}: what is there is whole but for a file .vault-restore-…, if one is there, and folders may lack their modes and times. Remove ${target}, or restore into a new folder.`
  let takeBack: (() => void) | undefined
  const result = await restoreBackup({
    backup,
    target,
    paths,
    onProgress: ({ bytesWritten, filesDone, currentPath }) => {
      takeBack ??= tellOnInterrupt(line, stopped)
      line.show(`${bytesText(bytesWritten)} of ${bytesText(total)}, ${count(filesDone, 'file')}  ${currentPath}`)
    },
  })
    .catch((error: unknown) => {
      if (!(error instanceof AppError) || !takeBack) throw error
      const { code, message, fix, retryable } = error
      throw new AppError(code, message, { cause: error, retryable, fix: fix ? `${fix} ${left}` : left })
    })
    .finally(() => {
      takeBack?.()
      line.clear()
    })
  const { warningList, ...totals } = result
  if (json)
    return printJson({
      backup: id,
      installation,
      createdAt: backup.manifest.createdAt,
      target,
      ...totals,
      warningList,
      durationMs: Math.round(performance.now() - started),
    })
  print(`Restored ${count(result.files, 'file')}, ${bytesText(result.bytes)}, to ${plain(target)}`)
  for (const warning of warningList) print(`! ${plain(warning.path)}: ${plain(warning.message)}`)
  printError(encrypted ? blind : blindUnencrypted)
}

import type { Command } from 'commander'
import { z } from 'zod'
import { type ExportedCatalog, exportCatalog } from '#lib/catalog/export-catalog.ts'
import { type ImportedCatalog, importCatalog } from '#lib/catalog/import-catalog.ts'
import type { CatalogPlace } from '#lib/catalog/read-catalog.ts'
import { currentEnvironment, nothingSaved, type Revision } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { AppError } from '#lib/errors.ts'
import { parseBucketAddress, parseKeyArn } from '#lib/recover/recovery-source.ts'
import type { Services } from '#lib/services.ts'
import { severalTimes } from './arguments.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { bytesText, count, plain, print, printError, printJson, timeText } from './output.ts'

interface ImportOptions {
  readonly environment?: string
  readonly key?: string[]
  readonly allowUnencrypted?: boolean
  readonly region?: string
  readonly at?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

const bucketArgument = 's3://BUCKET or s3://BUCKET/PREFIX (default: where the saved environment keeps its backups)'

export function addCatalog(catalog: Command): void {
  catalog
    .command('export')
    .description('Store what the database knows of every complete backup in the bucket, encrypted like a backup.')
    .argument('[address]', bucketArgument)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExit codes: 0 stored, 1 refused, 2 bad usage, 3 no console is running.')
    .action((address: string | undefined, { json }: { json?: boolean }) =>
      withServices(async ({ forJob }) => {
        const place = address === undefined ? undefined : parseBucketAddress(address)
        const stored = await exportCatalog(forJob(), place, 'command line')
        if (json) return printJson(stored)
        print(`${count(stored.backups, 'backup')}, ${bytesText(stored.bytes)}: ${plain(stored.address)}`)
        print(howToImport(stored))
        if (stored.method === 'none') printError('! Encryption is off: whoever can read the bucket can read it.')
      }),
    )
  catalog
    .command('import')
    .description('Take over the backups that a catalogue names: into a new console, or after the database was lost.')
    .argument('[address]', bucketArgument)
    .option('--environment <id>', 'the environment’s ID, from your own records (default: this console’s)')
    .option(
      '--key <arn>',
      'key ARN from your own records; once more for each further one (default: the saved environment’s keys)',
      severalTimes,
    )
    .option('--allow-unencrypted', 'the catalogue is not encrypted')
    .option('--region <region>', 'Region of the bucket (default: the key’s, or the saved environment’s)')
    .option('--at <time>', 'a catalogue’s name, such as 20260131T120000000Z (default: the newest)')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nRows that are newer here are left alone, and conflicts are named.' +
        '\nExit codes: 0 done, 1 refused, or some backups were not taken over or are incomplete, 2 bad usage, 3 no console is running.',
    )
    .action((address: string | undefined, options: ImportOptions) => {
      if (options.key && options.allowUnencrypted)
        catalog.error('error: say either --key ARN or --allow-unencrypted', { code: 'catalog.protection' })
      return withServices(async (services) => {
        const place = await placeOf(services, address, options)
        const dryRun = options.dryRun ?? false
        const done = await importCatalog(services.forJob(), place, { dryRun, actor: 'command line' })
        if (done.conflicts.length + done.missing.length + done.incomplete.length > 0)
          process.exitCode = exitCodes.failed
        if (options.json) return printJson({ ...done, dryRun })
        show(done, dryRun, place.keys !== 'none')
      })
    })
}

async function placeOf({ db }: Services, address: string | undefined, options: ImportOptions): Promise<CatalogPlace> {
  const { id, revision } = await currentEnvironment(db)
  const bucket = address === undefined ? revision : parseBucketAddress(address)
  if (!bucket) throw nothingSaved('Name the bucket: s3://BUCKET.')
  const environment = options.environment ?? id
  if (!z.uuid().safeParse(environment).success)
    throw new AppError('invalid', `“${plain(environment)}” is not the ID of an environment.`, {
      fix: 'Its folder in the bucket is called by it; the page of each backup shows it.',
    })
  if (options.at !== undefined && !/^\d{8}T\d{9}Z$/.test(options.at))
    throw new AppError('invalid', `“${plain(options.at)}” is not the name of a catalogue.`, {
      fix: 'It is a time such as 20260131T120000000Z: what a folder in the environment’s catalog/ is called.',
    })
  const keys: CatalogPlace['keys'] = options.allowUnencrypted
    ? 'none'
    : (options.key?.map((key) => parseKeyArn(key).arn) ?? savedKeys(revision))
  if (keys.length === 0)
    throw new AppError('invalid', 'It is not known which key opens the catalogue.', { fix: 'Name it with --key ARN.' })
  const ofKey = typeof keys === 'string' ? undefined : keys.find((key) => key.startsWith('arn:'))?.split(':')[3]
  const region = options.region ?? (address === undefined ? revision?.region : undefined) ?? ofKey ?? revision?.region
  if (!region)
    throw new AppError('invalid', 'The Region of the bucket is not known.', { fix: 'Name it with --region.' })
  return { region, bucket: bucket.bucket, prefix: bucket.prefix, environment, time: options.at, keys }
}

function savedKeys(revision: Revision | undefined): CatalogPlace['keys'] {
  if (revision?.method === 'none') return 'none'
  return revision?.method === 'AES-256' ? 'root-keys' : revision ? keyArnsOf(revision) : []
}

function show(done: ImportedCatalog, dryRun: boolean, encrypted: boolean): void {
  const { installation, environment, exportedAt, settings } = done
  print(
    `Catalogue ${done.time} of ${timeText(exportedAt)}, of installation ${installation}, environment ${environment}:`,
  )
  const voucher = encrypted
    ? 'the key that opened it vouches for both'
    : 'it is not encrypted, and nobody vouches for that'
  print(`${voucher}. Compare them with your records.`)
  if (settings) {
    const { region, bucket, prefix, method, keyArn, furtherKeys } = settings
    const keys = [...(keyArn ? [keyArn] : []), ...furtherKeys].join(', ')
    const place = `${region}, bucket ${bucket}${prefix && `/${prefix}`}, ${method}${keys && ` under ${keys}`}`
    print(`Its newest settings: ${plain(place)}`)
  }
  const would = dryRun ? 'would be ' : ''
  print(
    `${count(done.added.length, 'backup')} ${would}added, ${done.updated.length} ${would}brought up to date, ${done.unchanged} unchanged, ${done.newerHere.length} newer here.`,
  )
  for (const { id, reason } of done.conflicts) print(`! ${id} left as it is: ${plain(reason)}`)
  for (const { id, reason } of done.missing) print(`! ${id} not taken over: ${plain(reason)}`)
  for (const { id, reason } of done.incomplete) print(`! ${id} ${would}added, but: ${plain(reason)}`)
  if (done.added.length > 0)
    print('What of each can be restored says: byok backup verify ID, or with --full every byte.')
}

/** A console that lost its database knows neither keys nor Region. */
export function howToImport({ address, environment, method, region, keyArns }: ExportedCatalog): string {
  if (method === 'AES-256')
    return 'Only the root keys of this console open it: byok catalog import here. Elsewhere, byok recover --recovery-kit opens the backups.'
  const opening = method === 'none' ? '--allow-unencrypted' : keyArns.map((arn) => `--key ${arn}`).join(' ')
  const where = `${rootOf(address)} --environment ${environment} --region ${region}`
  return `To import it elsewhere: byok catalog import ${where} ${opening}`
}

/** `s3://BUCKET/PREFIX` of the folder `…/ENVIRONMENT/catalog/TIME/`. */
function rootOf(address: string): string {
  return address.split('/').slice(0, -4).join('/')
}

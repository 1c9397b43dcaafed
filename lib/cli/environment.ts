import type { Command } from 'commander'
import { environmentVariable } from '#lib/env.ts'
import { currentEnvironment, nothingSaved } from '#lib/environment/access.ts'
import { environmentFileOf, readEnvironmentFile } from '#lib/environment/environment-file.ts'
import { settingsOf } from '#lib/environment/revision-settings.ts'
import { saveEnvironment, testEnvironment } from '#lib/environment/save-environment.ts'
import type { SaveEnvironmentResult, TestKeyResult } from '#lib/environment/save-schema.ts'
import type { EnvironmentSettings } from '#lib/environment/schema.ts'
import { verdictOf } from '#lib/keys/schema.ts'
import type { Services } from '#lib/services.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { readNamedFile } from './named-file.ts'
import { plain, print, printError, printJson } from './output.ts'
import { printReport } from './print-report.ts'

interface ApplyOptions {
  checkOnly?: boolean
  yes?: boolean
  json?: boolean
}
/** What `apply --json` prints: nothing secret is in it. */
type Applied = (SaveEnvironmentResult | TestKeyResult | { status: 'unchanged'; revision: number }) & {
  changes: Difference
}
type Difference = Readonly<Record<string, readonly [unknown, unknown]>>

const actor = 'command line'

export function addEnvironment(environment: Command): void {
  environment
    .command('show')
    .description('Print the Backup Environment as a file that `apply` reads. Stored secrets are not in it.')
    .option('--json', 'with the revision, who saved it, and the IDs that policies name')
    .action(({ json }: { json?: boolean }) => withServices((services) => show(services, json === true)))

  environment
    .command('apply')
    .description('Check the settings of a file as the page does, show what they change, and save them.')
    .argument('<file>', 'JSON as public/backup-environment.schema.json describes it; - for standard input')
    .option('--check-only', 'prove key and bucket, and save nothing')
    .option('--yes', 'also what destroys or exposes: another key, bucket or credentials, no encryption')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nSecrets are named, never written: "secretAccessKey": { "env": "NAME_OF_A_VARIABLE" }. Left out, the stored one is kept.\nExit codes: 0 saved or nothing to change, 1 a check failed or --yes is missing, 2 bad usage, 3 nothing to attach to or AWS could not be reached.',
    )
    .action(async (file: string, options: ApplyOptions) => {
      const settings = readEnvironmentFile(readNamedFile(file === '-' ? 0 : file), environmentVariable)
      const applied = await withServices((services) => apply(services, settings, options))
      if (options.json) printJson(applied)
      else printApplied(applied)
      process.exitCode = exitCodeOf(applied)
    })
}

async function show({ db, backup }: Services, all: boolean): Promise<void> {
  const { id, externalId, revision } = await currentEnvironment(db)
  const file = revision ? environmentFileOf(settingsOf(revision)) : null
  if (all) {
    const { number, createdAt, createdBy, keyArn } = revision ?? {}
    printJson({
      environment: id,
      installation: backup.installation,
      externalId,
      revision: number ?? 0,
      savedAt: createdAt ?? null,
      savedBy: createdBy ?? null,
      keyArn: keyArn ?? null,
      settings: file,
    })
  } else if (file) printJson(file)
  else throw nothingSaved()
}

async function apply({ db, backup }: Services, settings: EnvironmentSettings, options: ApplyOptions): Promise<Applied> {
  const { revision } = await currentEnvironment(db)
  const changes = differenceOf(revision ? environmentFileOf(settingsOf(revision)) : {}, environmentFileOf(settings))
  if (options.checkOnly) return { ...(await testEnvironment(backup, settings, actor)), changes }
  const nothingNew = Object.keys(changes).length === 0 && settings.secretAccessKey === ''
  if (revision && nothingNew) return { status: 'unchanged', revision: revision.number, changes }
  // Whoever may run this command on the host has all that the password protects.
  const confirm = async () => (options.yes ? ('confirmed' as const) : {})
  return { ...(await saveEnvironment(backup, settings, revision?.number ?? 0, actor, { confirm })), changes }
}

function differenceOf(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Difference {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const pairs = names.map((name) => [name, [before[name] ?? null, after[name] ?? null]] as const)
  return Object.fromEntries(pairs.filter(([, [was, is]]) => JSON.stringify(was) !== JSON.stringify(is)))
}

function printApplied(applied: Applied): void {
  const text = (value: unknown) =>
    plain(value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value))
  for (const [name, [was, is]] of Object.entries(applied.changes)) print(`${name}: ${text(was)} → ${text(is)}`)
  if ('report' in applied && applied.report) printReport(applied.report, 'json')
  if (applied.status === 'unchanged') print(`Nothing to change: revision ${applied.revision} is as the file says.`)
  else if (applied.status === 'confirm') {
    for (const reason of applied.reasons) printError(plain(reason))
    printError('Nothing was saved. Add --yes to change this.')
  } else if (applied.status === 'error') {
    printError(plain(applied.message))
    for (const [field, message] of Object.entries(applied.fieldErrors ?? {}))
      if (message !== applied.message) printError(plain(`${field}: ${message}`))
  } else if ('revision' in applied) print(`Saved as revision ${applied.revision}.`)
  else print('Nothing was saved: this only checked.')
}

function exitCodeOf(applied: Applied): number {
  if ('report' in applied && applied.report && verdictOf(applied.report) === 'unreachable') return exitCodes.unavailable
  if (applied.status === 'confirm' || applied.status === 'error') return exitCodes.failed
  return 'report' in applied && !applied.report.ok ? exitCodes.failed : exitCodes.done
}

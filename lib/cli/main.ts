import { Command, CommanderError } from 'commander'
import { AppError, isDatabaseOutOfReach, messageOf } from '#lib/errors.ts'
import manifest from '../../package.json' with { type: 'json' }
import { exitCodes } from './exit-codes.ts'
import { printError, readerGone } from './output.ts'

const program = new Command('byok')
  .description('Backups encrypted under your own AWS KMS key.')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 refused or failed, 2 bad usage, 3 no console is running or something cannot be reached, 4 the console is sealed.',
  )
  .version(manifest.version, '--version', 'print the version')
  .showHelpAfterError('Try --help.')
  .exitOverride()

// Loaded only when asked for: the sandbox starts without the AWS SDK, and --help without anything.
const [first, second] = process.argv.slice(2)
const wanted = first === 'help' ? second : first
const group = (name: string, description: string) => {
  const command = program.command(name).description(description)
  return wanted === name ? command : undefined
}
const key = group('key', 'Prove KMS keys, see what hangs on them, exchange them.')
if (key) {
  ;(await import('./key-check.ts')).addKeyCheck(key)
  ;(await import('./key-list.ts')).addKeyList(key)
  ;(await import('./key-show.ts')).addKeyShow(key)
  ;(await import('./key-health.ts')).addKeyHealth(key)
  ;(await import('./key-rewrap.ts')).addKeyRewrap(key)
  ;(await import('./key-retire-proof.ts')).addKeyRetireProof(key)
}
const environment = group('environment', 'Show and change the Backup Environment as a file.')
if (environment) (await import('./environment.ts')).addEnvironment(environment)
const backup = group('backup', 'Make, list and restore backups.')
if (backup) {
  ;(await import('./backup-create.ts')).addBackupCreate(backup)
  ;(await import('./backup-list.ts')).addBackupList(backup)
  ;(await import('./backup-show.ts')).addBackupShow(backup)
  ;(await import('./backup-restore.ts')).addBackupRestore(backup)
  ;(await import('./backup-verify.ts')).addBackupVerify(backup)
  ;(await import('./backup-files.ts')).addBackupFiles(backup)
  ;(await import('./backup-cancel.ts')).addBackupCancel(backup)
  ;(await import('./backup-delete.ts')).addBackupDelete(backup)
  ;(await import('./backup-schedule.ts')).addBackupSchedule(backup)
  ;(await import('./backup-shred.ts')).addBackupShred(backup)
}
const shred = group('shred', 'Verify certificates of what was shredded.')
if (shred) (await import('./shred-verify.ts')).addShredVerify(shred)
const alerts = group('alerts', 'Try out whom the console tells of trouble.')
if (alerts) (await import('./alerts.ts')).addAlerts(alerts)
const user = group('user', 'Add, list and remove people, and change what they may do.')
if (user) (await import('./user.ts')).addUserCommands(user)
const token = group('token', 'Make, list and revoke API tokens.')
if (token) (await import('./token.ts')).addToken(token)
const recover = group('recover', 'Restore with bucket and key alone: no database, no console.')
if (recover) (await import('./recover.ts')).addRecover(recover)
if (wanted === 'worker') (await import('./worker.ts')).addWorker(program)
else group('worker', 'Make backups and restores on this machine.')
const seal = group('seal', 'See and change what protects the console’s own secrets.')
if (seal) (await import('./seal.ts')).addSeal(seal)
const catalog = group('catalog', 'Carry the catalogue of backups to and from the bucket.')
if (catalog) (await import('./catalog.ts')).addCatalog(catalog)
const audit = group('audit', 'List, export and verify the audit log.')
if (audit) {
  ;(await import('./audit-list.ts')).addAuditList(audit)
  ;(await import('./audit-export.ts')).addAuditExport(audit)
  ;(await import('./audit-verify.ts')).addAuditVerify(audit)
}
const sandbox = group('sandbox', 'Run the stand-in for AWS KMS, STS and S3.')
if (sandbox) (await import('./sandbox.ts')).addSandbox(sandbox)

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `byok backup list | head`: whoever reads has read enough. What the command does is done all the same, to its end, and
  // the exit code tells how that went: of `byok recover … | head -1` nobody expects that nothing is restored.
  if (error.code === 'EPIPE') return readerGone()
  printError(`Standard output cannot be written: ${error.message}.`)
  process.exit(exitCodes.failed)
})
// Nobody reads what is said beside the result; the exit code still tells.
process.stderr.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = codeOf(error)
  if (!(error instanceof CommanderError)) printError(messageOf(error))
}

function codeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  if (isDatabaseOutOfReach(error)) return exitCodes.unavailable
  if (!(error instanceof AppError)) return exitCodes.failed
  if (error.code === 'sealed') return exitCodes.sealed
  return error.code === 'unavailable' || error.code === 'unreachable' ? exitCodes.unavailable : exitCodes.failed
}

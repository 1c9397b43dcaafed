import type { Command } from 'commander'
import { recordAudit } from '#lib/audit/record.ts'
import type { AuditAction } from '#lib/audit/schema.ts'
import { checkAdministrator } from '#lib/auth/check-password.ts'
import { whyGuessable } from '#lib/auth/guessable-password.ts'
import { remedyLines } from '#lib/aws/fixes/remedy-lines.ts'
import { impatient } from '#lib/database-line.ts'
import { createDb, type Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { sealSettingsOf } from '#lib/seal/host-settings.ts'
import type { KeyringContext } from '#lib/seal/keyring.ts'
import { migrateSeal } from '#lib/seal/migrate-seal.ts'
import { openSeal, type SealHost } from '#lib/seal/open-seal.ts'
import { rewrapSeal, rotateSeal } from '#lib/seal/operate-seal.ts'
import { makeRecoveryKit, recoverFromKit } from '#lib/seal/recovery-kit.ts'
import type { RootKeyStatus, SealView } from '#lib/seal/schema.ts'
import { rootKeyStatus } from '#lib/seal/seal-status.ts'
import { viewSeal } from '#lib/seal/view-seal.ts'
import { sealHostOf } from '#lib/services.ts'
import { attachedEnv, noConsole, sealSetOtherwise } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { mustBeNew } from './named-file.ts'
import { openKitFile } from './open-kit-file.ts'
import { count, plain, print, printError, printJson, progressLine } from './output.ts'
import { readSecrets } from './read-secret.ts'
import { writeKit } from './write-kit.ts'

const actor = 'command line'
const codes =
  '\nExit codes: 0 done, 1 refused or failed, 2 bad usage, 3 no console is running, 4 the console is sealed.'

/** These work on the host, with its environment, also while the console is sealed. */
export function addSeal(seal: Command): void {
  addStatus(seal)
  addRewrap(seal)
  addMigrate(seal)
  addRotateRoot(seal)
  addRecoveryKit(seal)
  addRecover(seal)
}

function addStatus(seal: Command): void {
  seal
    .command('status')
    .description('Try the seal now; show its configuration with sources, and what hangs on each root key.')
    .option('--json', 'print JSON')
    .addHelpText('after', codes)
    .action((options: { json?: boolean }) =>
      withSeal(async (context, host) => {
        const view = await viewSeal(context, host)
        if (options.json) printJson({ ...view, rootKeys: view.rootKeys.map(rootKeyJson) })
        else printStatus(view)
        if (view.status === 'sealed') process.exitCode = exitCodes.sealed
      }),
    )
}

function addRewrap(seal: Command): void {
  seal
    .command('rewrap')
    .description('Wrap the root keys under the key that is configured now, after it was changed or its alias moved.')
    .option('--values', 'move the sealed values to the newest root key, too')
    .option('--json', 'print JSON')
    .addHelpText('after', codes)
    .action(({ values = false, json }: { values?: boolean; json?: boolean }) =>
      withSeal(async (context, host) => {
        const done = await rewrapSeal(context, host, { values, actor, onMoved: showMoved() })
        const rootKeys = await rootKeyStatus(context.db)
        if (json) {
          printJson({ ...done, status: rootKeys.map(rootKeyJson) })
          return
        }
        print(`Wrapped under ${done.keyId}: ${count(done.rootKeys, 'root key')}.`)
        if (values) print(movedText(done))
        if (rootKeys.every(({ keyIds }) => keyIds.every((keyId) => keyId === done.keyId)))
          print(
            `By count, the seal needs no other key than ${done.keyId}. Before an older one is retired: byok key retire-proof KEY says whether backups need it, and copies of the database from before now do.`,
          )
      }),
    )
}

function addMigrate(seal: Command): void {
  seal
    .command('migrate')
    .description('Move the root keys to the seal that is configured: from local to awskms, back, or to another key.')
    .addHelpText('after', codes)
    .action(() =>
      withSeal(async (context, host) => {
        const { exchanged, from, to, keyFile } = await migrateSeal(context, host)
        await audit(context.db, 'seal.migrate', `${to} (${count(exchanged, 'root key')}, from ${from})`)
        if (exchanged === 0) print(`Everything is wrapped by ${to} already.`)
        else print(`Moved from ${from} to ${to}: ${count(exchanged, 'root key')}. A sealed console opens by itself.`)
        if (keyFile !== 'none') print(keyFileText[keyFile])
      }),
    )
}

function addRotateRoot(seal: Command): void {
  seal
    .command('rotate-root')
    .description('Add a root key, move every sealed value to it, and destroy root keys that nothing names any more.')
    .addHelpText('after', codes)
    .action(() =>
      withSeal(async (context, host) => {
        const { id, moved, destroyed, kept } = await rotateSeal(context, host, { actor, onMoved: showMoved() })
        print(`${id} seals what is new.`)
        print(movedText({ moved, destroyed }))
        print(
          'Make a new recovery kit: older ones do not hold it. With method AES-256 export the catalogue anew as well.',
        )
        for (const one of kept)
          print(`Kept: ${one.id}, for ${count(one.backups, 'backup')} and ${count(one.values, 'value')}.`)
      }),
    )
}

function addRecoveryKit(seal: Command): void {
  seal
    .command('recovery-kit')
    .description('Write all root keys, encrypted under a passphrase, to a file for a safe: the way in without the key.')
    .requiredOption('--out <file>', 'where to write it; must not exist')
    .requiredOption('--user <email>', 'an administrator')
    .addHelpText(
      'after',
      `\nAsks for the administrator’s password and twice for a passphrase, or reads them as two lines.${codes}`,
    )
    .action((options: { out: string; user: string }) =>
      withSeal(async (context, host) => {
        mustBeNew(options.out, 'The kit')
        const [password = '', passphrase = ''] = await readSecrets(`Password of ${options.user}`, {
          isNew: 'Passphrase',
        })
        const administrator = await checkAdministrator(context.db, options.user, password)
        if (passphrase.length < 12) throw new AppError('invalid', 'The passphrase needs at least 12 characters.')
        const why = await whyGuessable(passphrase, administrator)
        if (why !== undefined) throw new AppError('invalid', `This passphrase cannot be used: ${why}`)
        const seal = await openSeal(context, sealSettingsOf(host).active, host, false)
        const kit = await makeRecoveryKit(context, seal, passphrase)
        await writeKit(context.db, options.out, kit, administrator)
        print(`Written to ${options.out}. Keep it and its passphrase apart from each other and from this machine.`)
        print(
          'It opens everything that is sealed now. Make a new one whenever a root key was added: after byok seal rotate-root, and after a start with another key.',
        )
      }),
    )
}

function addRecover(seal: Command): void {
  seal
    .command('recover')
    .description('Open the console with a recovery kit: wraps its root keys under the seal that is configured now.')
    .argument('<kit>', 'the file')
    .addHelpText('after', `\nAsks for the passphrase, or reads it as a line.${codes}`)
    .action((file: string) =>
      withSeal(async (context, host) => {
        const kit = await openKitFile(file)
        const seal = await openSeal(context, sealSettingsOf(host).active, host, true)
        const rootKeys = await recoverFromKit(context, seal, kit)
        await audit(
          context.db,
          'seal.recover',
          `${seal.keyId} (${count(rootKeys, 'root key')}, from a kit of ${kit.madeAt})`,
        )
        print(`Wrapped by ${seal.keyId} again: ${count(rootKeys, 'root key')}. A sealed console opens by itself.`)
      }),
    )
}

async function withSeal<T>(run: (context: KeyringContext, host: SealHost) => Promise<T>): Promise<T> {
  const env = attachedEnv()
  if (!env.databaseUrl) throw noConsole(env, ' A sealed console runs, too.')
  const otherwise = sealSetOtherwise(env)
  if (otherwise.length > 0)
    printError(
      `! The console that runs here was started with other settings than this shell has: ${otherwise.join(', ')}. This is about the seal of this shell’s.`,
    )
  const db = createDb(env.databaseUrl, impatient)
  try {
    const { id: installation } = await db.installation.findFirstOrThrow()
    return await run({ db, installation }, await sealHostOf(env))
  } finally {
    await db.$disconnect()
  }
}

function audit(db: Db, action: AuditAction, subject: string): Promise<unknown> {
  return recordAudit(db, { actor, action, outcome: 'success', subject })
}

const keyFileText = {
  deleted:
    'The key file secrets/seal-key is deleted. A copy of the database from before needs a copy of it, or a recovery kit.',
  left: 'The key file secrets/seal-key of this data folder stays: nothing here was under it. Delete it if no other database needs it.',
}

const movedText = ({ moved, destroyed }: { moved: number; destroyed: readonly string[] }) =>
  `Moved: ${count(moved, 'value')}. Destroyed: ${count(destroyed.length, 'older root key')}.`

function showMoved(): (moved: number, total: number) => void {
  const line = progressLine()
  return (moved, total) => (moved >= total ? line.clear() : line.show(`${moved} of ${count(total, 'value')}`))
}

const rootKeyJson = (one: RootKeyStatus) => ({ keyArn: one.keyIds[0] ?? null, ...one })

function printStatus({ status, type, keyArn, error, remedies, configuration, rootKeys }: SealView): void {
  print(`Status  ${status}`)
  if (status === 'sealed')
    print('        It does not open from this shell. A console that is open goes on until its next start.')
  print(`Seal    ${type}`)
  print(`Key     ${keyArn ?? 'unknown'}`)
  if (type === 'local')
    print('        Weaker than awskms: whoever reads the data folder and the database has every secret.')
  for (const { name, value, source, shadows } of configuration) {
    const over = shadows.length > 0 ? `, which shadows ${shadows.join(', ')}` : ''
    print(plain(`${name} = ${value}  (${source}${over})`))
  }
  for (const { id, keyIds, values, backups } of rootKeys)
    print(`${id}  ${count(values, 'value')}, ${count(backups, 'backup')}, wrapped by ${keyIds.join(' and ')}`)
  if (error) printError(error)
  // While it is sealed no page shows the others.
  for (const remedy of remedies) for (const line of remedyLines([remedy])) printError(line)
  if (status === 'sealed' && rootKeys.some(({ keyIds }) => keyIds.every((keyId) => keyId.startsWith('arn:'))))
    printError(
      'If the key that wraps a root key is gone for good: configure another one, restart, and run byok seal recover KIT with the newest recovery kit.',
    )
}

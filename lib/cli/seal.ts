import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { recordAudit } from '#lib/audit/record.ts'
import type { AuditAction } from '#lib/audit/schema.ts'
import { checkAdministrator } from '#lib/auth/check-password.ts'
import { createDb, type Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { exchangeSeal } from '#lib/seal/exchange-seal.ts'
import { type KeyringContext, openKeyring } from '#lib/seal/keyring.ts'
import { migrateSeal } from '#lib/seal/leave-seal.ts'
import { destroyUnused, moveValues, rotateRoot } from '#lib/seal/move-values.ts'
import { openSeal, type SealHost, sealSettingsOf } from '#lib/seal/open-seal.ts'
import { makeRecoveryKit, readRecoveryKit, recoverFromKit } from '#lib/seal/recovery-kit.ts'
import { type RootKeyStatus, rootKeyStatus } from '#lib/seal/seal-status.ts'
import { type SealView, viewSeal } from '#lib/seal/view-seal.ts'
import { sealHostOf } from '#lib/services.ts'
import { attachedEnv } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { print, printError, printJson, progressLine } from './output.ts'
import { readSecrets } from './read-secret.ts'

const codes =
  '\nExit codes: 0 done, 1 refused or failed, 2 bad usage, 3 no console is running, 4 the console is sealed.'

/** These work on the host, with its environment, also while the console is sealed. */
export function addSeal(seal: Command): void {
  seal
    .command('status')
    .description('Try the seal now, and show its configuration with sources and what hangs on each root key.')
    .option('--json', 'print JSON')
    .addHelpText('after', codes)
    .action((options: { json?: boolean }) =>
      withSeal(async (context, host) => {
        const view = await viewSeal(context, host)
        if (options.json) printJson(statusJson(view))
        else printStatus(view)
        if (view.status === 'sealed') process.exitCode = exitCodes.sealed
      }),
    )

  seal
    .command('rewrap')
    .description('Wrap the root keys under the key that is configured now, after it was changed or its alias moved.')
    .option('--values', 'move the sealed values to the newest root key, too')
    .option('--json', 'print JSON')
    .addHelpText('after', codes)
    .action((options: { values?: boolean; json?: boolean }) =>
      withSeal(async (context, host) => {
        const now = await openSeal(context, sealSettingsOf(host).active, host, false)
        const keyring = await openKeyring(context, now)
        const rootKeys = await exchangeSeal(context, now, now)
        const values = options.values ? await moveValues({ ...context, seal: keyring }, showMoved()) : 0
        const destroyed = options.values ? (await destroyUnused(context)).destroyed : []
        await audit(context.db, 'seal.rewrap', now.keyId, `${rootKeys} root keys, ${values} values`)
        const left = await rootKeyStatus(context.db)
        if (options.json)
          return printJson({
            rootKeysWrapped: rootKeys,
            valuesMoved: values,
            destroyed,
            rootKeys: left.map(rootKeyJson),
          })
        print(`${rootKeys} root keys were wrapped under ${now.keyId}.`)
        if (options.values)
          print(`${values} values were moved to the newest root key; ${destroyed.length} root keys were destroyed.`)
        const elsewhere = left.filter(({ keyIds }) => keyIds.some((keyId) => keyId !== now.keyId))
        if (elsewhere.length === 0)
          print(`By count, nothing needs any other key than ${now.keyId}: an older one can be retired.`)
      }),
    )

  seal
    .command('migrate')
    .description(
      'Move from the seal that wrapped the root keys to the one that is configured: local to awskms, back, or to another key.',
    )
    .addHelpText('after', codes)
    .action(() =>
      withSeal(async (context, host) => {
        const { exchanged, from, to } = await migrateSeal(context, host)
        await audit(context.db, 'seal.migrate', to, `${exchanged} root keys, from ${from}`)
        print(
          exchanged === 0
            ? `Everything is wrapped by ${to} already.`
            : `${exchanged} root keys were moved from ${from} to ${to}. A sealed console opens by itself.`,
        )
      }),
    )

  seal
    .command('rotate-root')
    .description('Add a root key, move every sealed value to it, and destroy root keys that nothing names any more.')
    .addHelpText('after', codes)
    .action(() =>
      withSeal(async (context, host) => {
        const now = await openSeal(context, sealSettingsOf(host).active, host, false)
        const keyring = await openKeyring(context, now)
        const { id, moved, destroyed, kept } = await rotateRoot({ ...context, seal: keyring }, showMoved())
        await audit(
          context.db,
          'seal.rotate-root',
          id,
          `${moved} values moved, ${destroyed.length} root keys destroyed`,
        )
        print(
          `${id} seals what is new. ${moved} values were moved, ${destroyed.length} older root keys were destroyed.`,
        )
        for (const one of kept) print(`Kept: ${one.id}, which ${one.backups} backups need.`)
      }),
    )

  seal
    .command('recovery-kit')
    .description(
      'Write all root keys, encrypted under a passphrase, to a file to be kept offline: the way in when the seal’s key is lost.',
    )
    .requiredOption('--out <file>', 'where to write it; must not exist')
    .requiredOption('--user <email>', 'an administrator')
    .addHelpText(
      'after',
      `\nAsks for that administrator’s password and for a passphrase of at least 12 characters, or reads them as two lines.${codes}`,
    )
    .action((options: { out: string; user: string }) =>
      withSeal(async (context, host) => {
        const [password = '', passphrase = ''] = await readSecrets(
          `Password of ${options.user}`,
          'Passphrase of the kit',
        )
        await checkAdministrator(context.db, options.user, password)
        if (passphrase.length < 12) throw new AppError('invalid', 'The passphrase needs at least 12 characters.')
        const now = await openSeal(context, sealSettingsOf(host).active, host, false)
        const kit = await makeRecoveryKit(context, now, passphrase)
        await audit(context.db, 'seal.recovery-kit', options.out, 'made', options.user)
        writeFileSync(options.out, kit, { mode: 0o600, flag: 'wx' })
        print(`Written to ${options.out}. Keep it and its passphrase apart from each other and from this machine.`)
        print('It opens everything that is sealed now. Make a new one after each byok seal rotate-root.')
      }),
    )

  seal
    .command('recover')
    .description('Open the console with a recovery kit: wraps its root keys under the seal that is configured now.')
    .argument('<kit>', 'the file')
    .addHelpText('after', `\nAsks for the passphrase, or reads it as a line.${codes}`)
    .action((file: string) =>
      withSeal(async (context, host) => {
        const text = readKit(file)
        const [passphrase = ''] = await readSecrets('Passphrase of the kit')
        const kit = await readRecoveryKit(text, passphrase)
        const now = await openSeal(context, sealSettingsOf(host).active, host, true)
        const count = await recoverFromKit(context, now, kit)
        await audit(context.db, 'seal.recover', now.keyId, `${count} root keys, from a kit of ${kit.madeAt}`)
        print(`${count} root keys are wrapped by ${now.keyId} again. A sealed console opens by itself.`)
      }),
    )
}

function readKit(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('not-found', `${file} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    })
  }
}

async function withSeal<T>(run: (context: KeyringContext, host: SealHost) => Promise<T>): Promise<T> {
  const env = attachedEnv()
  if (!env.databaseUrl)
    throw new AppError('unavailable', `No console is running on the data folder ${env.dataDir}.`, {
      fix: 'Start it with npm start, or name its folder in VAULT_DATA_DIR. A sealed console runs, too.',
    })
  const db = createDb(env.databaseUrl)
  try {
    const { id: installation } = await db.installation.findFirstOrThrow()
    return await run({ db, installation }, await sealHostOf(env))
  } finally {
    await db.$disconnect()
  }
}

function audit(db: Db, action: AuditAction, subject: string, what: string, actor = 'command line') {
  return recordAudit(db, { actor, action, outcome: 'success', subject: `${subject} (${what})` })
}

function showMoved(): (moved: number, total: number) => void {
  const line = progressLine()
  return (moved, total) => (moved >= total ? line.clear() : line.show(`${moved} of ${total} values`))
}

const rootKeyJson = ({ id, keyIds, values, backups, createdAt }: RootKeyStatus) => ({
  id,
  keyArn: keyIds[0] ?? null,
  keyIds,
  values,
  backups,
  createdAt,
})

function statusJson(view: SealView) {
  return { ...view, rootKeys: view.rootKeys.map(rootKeyJson) }
}

function printStatus({ status, type, keyArn, error, configuration, rootKeys }: SealView): void {
  print(`Status         ${status}`)
  print(`Seal           ${type}`)
  print(`Key            ${keyArn ?? 'unknown'}`)
  if (type === 'local')
    print('               weaker than awskms: who reads the data folder and the database has every secret')
  for (const { name, value, source, shadows } of configuration)
    print(
      `${name.padEnd(14)} ${value}  (from ${source}${shadows.length > 0 ? `, which shadows ${shadows.join(', ')}` : ''})`,
    )
  for (const { id, keyIds, values, backups } of rootKeys)
    print(`${id}  ${values} values, ${backups} backups, wrapped by ${keyIds.join(' and ')}`)
  if (error) printError(error)
}

import { Argument, type Command } from 'commander'
import { changeRole } from '#lib/auth/change-role.ts'
import { listAllUsers } from '#lib/auth/list-users.ts'
import { mustNotBeLast } from '#lib/auth/manager.ts'
import { removeUser } from '#lib/auth/remove-user.ts'
import { type Role, roles } from '#lib/auth/schema.ts'
import { setPassword } from '#lib/auth/set-password.ts'
import { signOutEverywhere } from '#lib/auth/sign-out-everywhere.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { isSure } from './is-sure.ts'
import { count, plain, print, printError, printJson, timeText } from './output.ts'
import { addUserAdd, mustBeEmail, readPassword } from './user-add.ts'

const codes = '\nExit codes: 0 done, 1 refused, 2 bad usage, 3 no console is running.'
const whose = 'their e-mail address'

export function addUserCommands(user: Command): void {
  addUserAdd(user)
  user
    .command('list')
    .description('List the people who may sign in, by address.')
    .option('--json', 'print as JSON: { users }')
    .addHelpText('after', codes)
    .action((options: { json?: boolean }) =>
      withServices(async ({ db }) => {
        const users = await listAllUsers(db)
        if (options.json) return printJson({ users })
        if (users.length === 0) print('There is nobody yet.')
        for (const { email, role, name, lastSeenAt, sessions, tokens } of users) {
          const seen = lastSeenAt ? `last seen ${timeText(lastSeenAt)}` : 'never seen'
          const open = `${count(sessions, 'session')}, ${count(tokens, 'API token')}`
          print(`${plain(email)}  ${role}  ${seen}  ${open}  ${plain(name)}`)
        }
      }),
    )
  user
    .command('role')
    .description('Give a person another role. It counts at once, for open sessions and API tokens too.')
    .argument('<email>', whose)
    .addArgument(new Argument('<role>', 'what they may do').choices([...roles]))
    .addHelpText('after', `\nThe last administrator keeps the role.${codes}`)
    .action((typed: string, role: Role) =>
      withServices(async ({ db }) => {
        const email = mustBeEmail(typed)
        await changeRole(db, { email }, role, 'command line')
        print(`${email} is ${role} now.`)
      }),
    )
  user
    .command('password')
    .description(
      'Give a person a new password, and end their sessions. It is read from standard input: typed, or piped.',
    )
    .argument('<email>', whose)
    .addHelpText('after', `\nAlso the way back in for an administrator who forgot theirs.${codes}`)
    .action(async (typed: string) => {
      const email = mustBeEmail(typed)
      const password = await readPassword()
      await withServices(({ db }) => setPassword(db, { email }, password, 'command line'))
      print(`${email} has a new password, and is signed out everywhere.`)
    })
  user
    .command('sign-out')
    .description('End all sessions of a person. Their password and their API tokens stay.')
    .argument('<email>', whose)
    .addHelpText('after', codes)
    .action((typed: string) =>
      withServices(async ({ db }) => {
        const email = mustBeEmail(typed)
        const ended = await signOutEverywhere(db, { email }, 'command line')
        print(`${email} is signed out: ${count(ended, 'session')} ended.`)
      }),
    )
  user
    .command('remove')
    .description('Remove a person, with their password, sessions and API tokens.')
    .argument('<email>', whose)
    .option('--yes', 'do not ask')
    .addHelpText('after', `\nThe last administrator is not removed.${codes}`)
    .action((typed: string, options: { yes?: boolean }) =>
      withServices(async ({ db }) => {
        const email = mustBeEmail(typed)
        const found = (await listAllUsers(db)).find((one) => one.email === email)
        if (!found)
          throw new AppError('not-found', `There is no user ${email}.`, { fix: 'byok user list shows them all.' })
        await mustNotBeLast(db, found)
        print(
          `${email} (${found.role}, ${plain(found.name)}) will not be able to sign in any more. ` +
            `${count(found.sessions, 'session')} and ${count(found.tokens, 'API token')} end.`,
        )
        print('Backups, schedules and audit rows of theirs stay, with their address.')
        if (!options.yes && !(await isSure('Remove this person?', 'Say --yes to remove them without asking.'))) {
          process.exitCode = exitCodes.failed
          return printError('Nobody was removed.')
        }
        // By the ID that was shown: the address may be somebody else’s by now.
        await removeUser(db, { id: found.id }, 'command line')
        print(`${email} is removed.`)
      }),
    )
}

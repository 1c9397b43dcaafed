import { type Command, Option } from 'commander'
import { addUser } from '#lib/auth/add-user.ts'
import { emailSchema, passwordSchema, personNameSchema, type Role, roles } from '#lib/auth/schema.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { plain, print } from './output.ts'
import { readSecrets } from './read-secret.ts'

export function addUserAdd(user: Command): void {
  user
    .command('add')
    .description('Add a person who may sign in. The password is read from standard input: typed, or piped.')
    .argument('<email>', 'their e-mail address')
    .addOption(new Option('--role <role>', 'what they may do').choices([...roles]).makeOptionMandatory())
    .option('--name <name>', 'their name (default: the part before the @)')
    .addHelpText('after', '\nExit codes: 0 added, 1 refused, 2 bad usage, 3 no console is running.')
    .action(async (typed: string, options: { role: Role; name?: string }) => {
      const email = mustBeEmail(typed)
      const name = personNameSchema.safeParse(options.name ?? email.split('@')[0])
      if (!name.success) throw new AppError('invalid', `This name cannot be used: ${name.error.issues[0]?.message}`)
      const password = await readPassword()
      await withServices((services) =>
        addUser(services.db, { email, name: name.data, password, role: options.role }, 'command line'),
      )
      print(`${email} may sign in as ${options.role}.`)
    })
}

/** As it is stored, however it is typed. */
export function mustBeEmail(typed: string): string {
  const email = emailSchema.safeParse(typed)
  if (!email.success) throw new AppError('invalid', `“${plain(typed)}” is not an e-mail address.`)
  return email.data
}

/** From standard input. */
export async function readPassword(): Promise<string> {
  const password = passwordSchema.safeParse((await readSecrets({ isNew: 'Password' }))[0])
  if (password.success) return password.data
  throw new AppError('invalid', `This password cannot be used: ${password.error.issues[0]?.message}`)
}

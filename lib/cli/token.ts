import type { Command } from 'commander'
import { z } from 'zod'
import { createApiToken, listApiTokens, revokeApiToken, type TokenOwner } from '#lib/auth/api-tokens.ts'
import { createTokenSchema, roles, tokenScopeNames } from '#lib/auth/schema.ts'
import type { Db } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'
import { notEmpty, refusedInput } from './arguments.ts'
import { withServices } from './attach.ts'
import { plain, print, printError, printJson, timeText } from './output.ts'

const codes = '\nExit codes: 0 done, 1 refused, 2 bad usage, 3 no console is running.'

export function addToken(token: Command): void {
  token
    .command('create')
    .description('Make an API token and print it. It is shown this once and stored nowhere.')
    .requiredOption('--name <name>', 'what it is for', notEmpty)
    .requiredOption('--scope <scopes>', `one or more of ${tokenScopeNames.join(',')}`)
    .option('--expires <time>', 'days or hours from now, at most 366d', '90d')
    .option('--user <email>', 'who it acts for (default: the only person there is)')
    .option('--json', 'print as JSON: { id, token, expiresAt }')
    .addHelpText('after', codes)
    .action((options: { name: string; scope: string; expires: string; user?: string; json?: boolean }) =>
      withServices(async ({ db, backup }) => {
        const scopes = options.scope.split(',').map((scope) => scope.trim())
        const input = createTokenSchema.safeParse({ name: options.name, scopes, expires: options.expires })
        if (!input.success) throw refusedInput(input.error, 'scopes')
        const owner = await ownerOf(db, options.user)
        const made = await createApiToken(backup, owner, input.data, 'command line')
        if (options.json) return printJson(made)
        print(made.token)
        printError(`It acts for ${owner.email} until ${timeText(made.expiresAt)}. Keep it now: it is not shown again.`)
      }),
    )
  token
    .command('list')
    .description('List API tokens, newest first.')
    .option('--json', 'print as JSON')
    .addHelpText('after', codes)
    .action((options: { json?: boolean }) =>
      withServices(async ({ db }) => {
        const rows = await listApiTokens(db)
        if (options.json) return printJson(rows)
        if (rows.length === 0) print('There are no API tokens.')
        for (const row of rows) {
          const used = row.lastUsedAt ? `last used ${timeText(row.lastUsedAt)}` : 'never used'
          const until = `${row.state} until ${timeText(row.expiresAt)}`
          const state = row.state === 'active' ? until : row.state
          print(`${row.id}  ${row.start}…  ${state}  ${row.scopes.join(',')}  ${row.user}  ${used}  ${plain(row.name)}`)
        }
      }),
    )
  token
    .command('revoke')
    .description('Revoke an API token: from now on it opens nothing.')
    .argument('<token>', 'its ID or its first characters, as byok token list shows them')
    .addHelpText('after', codes)
    .action((named: string) =>
      withServices(async ({ db }) => {
        const start = named.replace(/…$/, '')
        const found = await listApiTokens(db, z.uuid().safeParse(start).success ? { id: start } : { start })
        const [row] = found
        if (!row || found.length > 1)
          throw new AppError('not-found', `There is no API token “${plain(start)}”.`, {
            fix: 'byok token list shows them.',
          })
        await revokeApiToken(db, row.id, undefined, 'command line')
        print(`${plain(row.name)} (${row.start}…) is revoked.`)
      }),
    )
}

async function ownerOf(db: Db, email: string | undefined): Promise<TokenOwner> {
  const users = await db.user.findMany({
    where: email === undefined ? {} : { email: email.toLowerCase() },
    select: { id: true, email: true, role: true },
    take: 2,
  })
  const [user] = users
  if (!user)
    throw email === undefined
      ? new AppError('not-found', 'There is nobody yet whom a token could act for.', {
          fix: 'Add a person: byok user add.',
        })
      : new AppError('not-found', `There is no user ${plain(email)}.`, { fix: 'byok user list shows them all.' })
  if (users.length > 1)
    throw new AppError('invalid', 'There is more than one person.', {
      fix: 'Say with --user EMAIL for whom the token acts.',
    })
  const role = roles.find((known) => known === user.role)
  if (!role) throw new AppError('invalid', `${user.email} has no known role.`)
  return { ...user, role }
}

import { underWayStates } from '#lib/backup/under-way-schema.ts'
import { count } from '#lib/count-text.ts'
import { currentEnvironment, type EnvironmentContext } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'
import { AppError } from '#lib/errors.ts'
import { keyPath } from '#lib/key-holdings/schema.ts'
import { concerned, countLast, keyIdsOfName } from './concerned-backups.ts'
import { nameNewKey } from './name-new-key.ts'
import {
  isOwnName,
  type RewrapNote,
  type RewrapPreview,
  type RewrapRequest,
  type RewrapWish,
  usualPerSecond,
} from './schema.ts'

/** Envelopes that a console reads and writes in a second, whatever KMS allows; for “about how long” only. */
const envelopesPerSecond = 60

type Context = EnvironmentContext

/**
 * What a re-wrap would do. The new key is proven, and resolved where it is an alias; the old one is not asked.
 * @throws AppError with what stands in the way of it
 */
export async function previewRewrap(context: Context, request: RewrapRequest): Promise<RewrapPreview> {
  const { mode } = request
  const { db } = context
  const from = request.from || null
  const toTyped = mode === 'remove' ? null : request.to
  const to = toTyped === null || isOwnName(toTyped) ? toTyped : await nameNewKey(context, toTyped)
  const wish = { mode, from, to }
  if (from !== null && from === to)
    throw new AppError('invalid', `The old key and the new one are the same: ${toTyped} stands for ${to} now.`)
  if (from?.startsWith('root-key/') && to === 'AES-256') await mustBeOlder(context, from)
  const where = await concerned(db, wish)
  const { _count: backups, _sum } = await db.backup.aggregate({ where, _count: true, _sum: { bytes: true } })
  const last = mode === 'remove' && from !== null ? await countLast(db, from) : 0
  if (mode === 'remove' && backups > 0 && last === backups)
    throw new AppError(
      'invalid',
      `Nothing else opens ${backups === 1 ? 'the backup' : `any of the ${backups} backups`} under ${from}: the last key of a backup is never removed.`,
      {
        fix: 'Give them another key first: exchange it, or add one.',
      },
    )
  const opened = from === null || !isOwnName(from) || mode === 'remove'
  const wrapped = to !== null && !isOwnName(to)
  const calls = { decrypt: (opened ? backups : 0) + (wrapped ? backups : 0), encrypt: wrapped ? backups : 0 }
  // Where a wish names no key of KMS, those that are called are most likely where the environment is.
  const { revision } = await currentEnvironment(db)
  const regions = [regionOfArn(from), regionOfArn(to), revision?.region].flatMap((region) => region ?? [])
  const perSecond = request.perSecond ?? usualPerSecond(regions)
  return {
    ...wish,
    toTyped,
    backups,
    bytes: Number(_sum.bytes ?? 0n),
    calls,
    perSecond,
    seconds: Math.ceil(Math.max((calls.decrypt + calls.encrypt) / perSecond, backups / envelopesPerSecond)),
    notes: await notesOn(context, wish, last),
  }
}

/** States of a key in which it decrypts, now or when it can be reached. */
const opening = new Set(['healthy', 'degraded', 'unreachable'])

/** What stays under the old key, and why; and what else a person should know. */
export async function notesOn({ db }: Pick<Context, 'db'>, wish: RewrapWish, last = 0): Promise<RewrapNote[]> {
  const { mode, from, to } = wish
  const notes: RewrapNote[] = []
  const note = (text: string, link: RewrapNote['link'] = null, tone: RewrapNote['tone'] = 'warn') =>
    notes.push({ tone, text, link })
  if (last > 0)
    note(
      `${count(last, 'backup')} without another key will keep this one, and will be listed: the last key of a backup is never removed.`,
    )
  if (mode === 'exchange' && to !== null && isOwnName(to))
    note(
      'Under AES-256 nothing but the root keys of this console opens these backups: bucket and KMS key alone do not any more. Make a recovery kit: byok seal recovery-kit',
      { href: '/settings/seal', label: 'Settings > Seal' },
    )
  if (from === null) return notes
  const health = from.startsWith('arn:') ? await db.keyHealth.findUnique({ where: { arn: from } }) : null
  if (mode !== 'remove' && health && !opening.has(health.state))
    note(
      `The old key is ${health.state}, as far as the watch over keys knows: it opens nothing, so backups without another key cannot be done. Mend that first.`,
      { href: keyPath(from), label: 'The key' },
    )
  if (mode === 'add') return notes
  const names = await keyIdsOfName(db, from)
  const [{ revision }, underWay, sealed] = await Promise.all([
    currentEnvironment(db),
    countUnderWay(db, from, names),
    db.rootKeyWrap.count({ where: { keyId: from } }),
  ])
  const settings = { href: '/settings/backup-environment', label: 'Settings > Backup Environment' }
  const usesOld =
    revision &&
    (from === 'AES-256' ? revision.method === 'AES-256' : keyArnsOf(revision).some((arn) => names.includes(arn)))
  if (revision && usesOld) {
    const schedules = await db.schedule.count({ where: { enabled: true } })
    note(
      `The saved environment (revision ${revision.number}) still wraps new backups under the old key${schedules > 0 ? `, and ${count(schedules, 'schedule')} ${schedules === 1 ? 'makes' : 'make'} them` : ''}. Save it with the new key first, or those come under the old one.`,
      settings,
    )
  }
  if (underWay > 0)
    note(
      `${count(underWay, 'backup')} under way may end under the old key. Those complete before this ends are taken along; for others, start it again.`,
      { href: '/backups', label: 'Backups' },
    )
  if (sealed > 0)
    note(
      `The old key is also the seal's: it wraps ${count(sealed, 'root key')} of this console. A re-wrap leaves these: name another key for the seal, restart the console, and run byok seal migrate.`,
      {
        href: '/settings/seal',
        label: 'Settings > Seal',
      },
    )
  note('In a bucket with versioning, old versions of the envelopes still open with the old key.', null, 'info')
  return notes
}

/** Whoever is started with a revision that names the key may come to be wrapped under it. */
async function countUnderWay(db: Context['db'], from: string, names: readonly string[]): Promise<number> {
  const rows = await db.backup.findMany({
    where: { state: { in: [...underWayStates] }, method: { not: 'none' } },
    select: { keyIds: true, method: true, environmentId: true, revision: true },
  })
  let count = 0
  for (const { keyIds, method, environmentId, revision: number } of rows) {
    if (keyIds.some((keyId) => names.includes(keyId))) count += 1
    else if (keyIds.length === 0 && from === 'AES-256') count += method === 'AES-256' ? 1 : 0
    else if (keyIds.length === 0 && method === 'AWS-KMS') {
      const where = { environmentId_number: { environmentId, number } }
      const revision = await db.environmentRevision.findUnique({ where })
      if (revision && keyArnsOf(revision).some((arn) => names.includes(arn))) count += 1
    }
  }
  return count
}

/** A root key is exchanged for the newest one. */
async function mustBeOlder({ db }: Context, from: string): Promise<void> {
  const newest = await db.rootKey.findFirst({ orderBy: { number: 'desc' }, select: { id: true } })
  if (newest?.id !== from) return
  throw new AppError('invalid', `${from} is the newest root key of this console: there is none to exchange it for.`, {
    fix: 'Make another with byok seal rotate-root first.',
  })
}

function regionOfArn(name: string | null): string | undefined {
  return name?.startsWith('arn:') ? name.split(':')[3] : undefined
}

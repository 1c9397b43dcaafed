import { z } from 'zod'
import { answer, refusal } from '#app/_lib/answer.ts'
import { getConsole } from '#app/_lib/console.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { viewProgress } from '#lib/backup/view-backups.ts'
import { viewRewrap } from '#lib/rewrap/view-rewraps.ts'

export const dynamic = 'force-dynamic'

const kinds = z.enum(['backup', 'restore', 'verification', 'rewrap'])
const nameSchema = z.string().transform((name, context) => {
  const [kind, id] = name.split(':')
  const parsed = z.object({ kind: kinds, id: z.uuid() }).safeParse({ kind, id })
  if (parsed.success) return { name, ...parsed.data }
  context.addIssue({ code: 'custom', message: 'KIND:ID' })
  return z.NEVER
})
/** More than any page shows under way at once. */
const wishSchema = z.array(nameSchema).min(1).max(100)

/**
 * How far things are, by the names that they were asked for by (`?of=backup:ID&of=rewrap:ID`); null: it is gone. A page
 * asks for all that it shows, and again a second later: components/ui/follow.ts. Asking does not keep a session alive.
 */
export async function GET(request: Request): Promise<Response> {
  const user = await permitRequest(request, 'backup.read', undefined, { keepAlive: false })
  if (user instanceof Response) return user
  const wish = wishSchema.safeParse(new URL(request.url).searchParams.getAll('of'))
  if (!wish.success) return refusal(400, 'Name what is meant as KIND:ID, at most 100 of them.')
  const { backup } = await getConsole()
  const found = wish.data.map(async ({ name, kind, id }) => {
    const progress = await (kind === 'rewrap' ? viewRewrap(backup.db, id) : viewProgress(backup, kind, id))
    return [name, progress ?? null]
  })
  return answer(200, Object.fromEntries(await Promise.all(found)))
}

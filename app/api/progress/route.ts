import { z } from 'zod'
import { refusal } from '#app/_lib/answer.ts'
import { getConsole } from '#app/_lib/console.ts'
import { eventStream } from '#app/_lib/event-stream.ts'
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
/** Each name is asked of the database twice a second. A page that shows more lets them take turns. */
const wishSchema = z.array(nameSchema).min(1).max(100)

/**
 * Server-sent events of how far things are, by the names that they were asked for by (`?of=backup:ID&of=rewrap:ID`); null:
 * it is gone. A page asks for all that it shows, and again when the stream has ended: components/ui/follow.ts. Session and
 * permission are looked at each time, and asking does not keep a session alive.
 */
export async function GET(request: Request): Promise<Response> {
  const user = await permitRequest(request, 'backup.read', undefined, { keepAlive: false })
  if (user instanceof Response) return user
  const wish = wishSchema.safeParse(new URL(request.url).searchParams.getAll('of'))
  if (!wish.success) return refusal(400, 'Name what is meant as KIND:ID, at most 100 of them.')
  const { backup } = await getConsole()
  return eventStream(request, async () => {
    const found = wish.data.map(async ({ name, kind, id }) => {
      const progress = await (kind === 'rewrap' ? viewRewrap(backup.db, id) : viewProgress(backup, kind, id))
      return [name, progress ?? null]
    })
    return Object.fromEntries(await Promise.all(found))
  })
}

/** Next would answer HEAD with GET, and keep open a stream that nobody reads. */
export function HEAD(): Response {
  return new Response(null, { status: 405, headers: { allow: 'GET' } })
}

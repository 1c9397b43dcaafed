import { getConsole } from '#app/_lib/console.ts'
import { eventStream } from '#app/_lib/progress-stream.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { rewrapEnded } from '#lib/rewrap/schema.ts'
import { viewRewrap } from '#lib/rewrap/view-rewraps.ts'

export const dynamic = 'force-dynamic'

/** Server-sent events with a re-wrap as it stands, until it has ended. */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const user = await permitRequest(request, 'backup.read')
  if (user instanceof Response) return user
  const { id } = await params
  const { db } = await getConsole()
  if (!(await viewRewrap(db, id))) return Response.json({ message: 'There is no such re-wrap.' }, { status: 404 })
  return eventStream(
    request,
    'backup.read',
    () => viewRewrap(db, id),
    ({ state }) => rewrapEnded(state),
  )
}

/** Next would answer HEAD with GET, and keep open a stream that nobody reads. */
export function HEAD(): Response {
  return new Response(null, { status: 405, headers: { allow: 'GET' } })
}

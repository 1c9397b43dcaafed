import { refusal } from '#app/_lib/answer.ts'
import { getConsole } from '#app/_lib/console.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { certificateOf } from '#lib/shred/view-shreds.ts'

export const dynamic = 'force-dynamic'

/** The newest certificate of a request, exactly as it was signed. */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const user = await permitRequest(request, 'backup.shred')
  if (user instanceof Response) return user
  const { id } = await params
  const { db } = await getConsole()
  const text = await certificateOf(db, id)
  if (text === undefined) return refusal(404, 'There is no certificate.')
  return new Response(text, {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="shred-certificate-${id}.json"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}

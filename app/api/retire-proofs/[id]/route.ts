import { refusal } from '#app/_lib/answer.ts'
import { getConsole } from '#app/_lib/console.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { reportText } from '#lib/retire/report-text.ts'
import { viewProof } from '#lib/retire/view-proofs.ts'

export const dynamic = 'force-dynamic'

/** A report to keep: as JSON, or with `as=text` for people. */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const user = await permitRequest(request, 'backup.read')
  if (user instanceof Response) return user
  const { id } = await params
  const { db } = await getConsole()
  const proof = await viewProof(db, id)
  if (!proof?.report) return refusal(404, 'There is no such report.')
  const text = new URL(request.url).searchParams.get('as') === 'text'
  return new Response(text ? reportText(proof.report) : `${JSON.stringify(proof.report, null, 2)}\n`, {
    headers: {
      'content-type': text ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="safe-to-retire-${id}.${text ? 'txt' : 'json'}"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}

import { refusal } from '#app/_lib/answer.ts'
import { downloadResponse } from '#app/_lib/download-response.ts'
import { refusalPage } from '#app/_lib/refusal-page.ts'
import { permitRequest } from '#app/_lib/session.ts'

export const dynamic = 'force-dynamic'

/** Above what 1,000 paths of usual length take. */
const mostBytes = 4 * 1024 * 1024

export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const user = await permitRequest(request, 'restore.run', 'backup:restore')
  if (user instanceof Response) return user
  return downloadResponse(request, (await params).id, new URL(request.url).searchParams, user)
}

/** The same for more paths than an address can hold. The list of files sends it as a form. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params
  return refusalPage(request, await chosen(request, id), `/backups/${encodeURIComponent(id)}/files`)
}

async function chosen(request: Request, id: string): Promise<Response> {
  const user = await permitRequest(request, 'restore.run', 'backup:restore')
  if (user instanceof Response) return user
  if (!(Number(request.headers.get('content-length') ?? Number.NaN) <= mostBytes))
    return refusal(413, 'Too many paths for one download.', 'Choose a folder instead.')
  const wish = new URLSearchParams(await request.text())
  // Nothing chosen is not everything.
  if (!wish.has('path') && !wish.has('pattern'))
    return refusal(400, 'Nothing was chosen.', 'Choose at least one file or folder, then try again.')
  return downloadResponse(request, id, wish, user)
}

/** Next would answer HEAD with GET, which reads the backup. */
export function HEAD(): Response {
  return new Response(null, { status: 405, headers: { allow: 'GET, POST' } })
}

import { progressStream } from '#app/_lib/progress-stream.ts'

export const dynamic = 'force-dynamic'

export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  return progressStream(request, 'verification', (await params).id)
}

/** Next would answer HEAD with GET, and keep open a stream that nobody reads. */
export function HEAD(): Response {
  return new Response(null, { status: 405, headers: { allow: 'GET' } })
}

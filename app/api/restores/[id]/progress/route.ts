import { progressStream } from '#app/_lib/progress-stream.ts'

export const dynamic = 'force-dynamic'

export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  return progressStream(request, 'restore', (await params).id)
}

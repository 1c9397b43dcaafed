import { refusal } from '#app/_lib/answer.ts'
import { attachmentHeaders } from '#app/_lib/attachment-headers.ts'
import { getConsole } from '#app/_lib/console.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { shuttingDown } from '#app/_lib/shutdown.ts'
import { whilePermitted } from '#app/_lib/while-permitted.ts'
import { exportAudit } from '#lib/audit/export-audit.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { auditExportSchema, type ExportFormat } from '#lib/audit/schema.ts'
import { downloadStream } from '#lib/backup/download-stream.ts'
import { messageOf } from '#lib/errors.ts'

export const dynamic = 'force-dynamic'

const mostAtOnce = 2
let underWay = 0

const types = { jsonl: 'application/x-ndjson', csv: 'text/csv' } as const satisfies Record<ExportFormat, string>

/** The audit log, or what its filters leave of it, as an attachment. One that breaks off shows as a failed download. */
export async function GET(request: Request): Promise<Response> {
  const user = await permitRequest(request, 'audit.read')
  if (user instanceof Response) return user
  if (underWay >= mostAtOnce) return refusal(429, 'Several exports are under way. Try again when one has ended.')
  underWay += 1
  let ended = false
  const permit = whilePermitted(user, 'audit.read')
  const end = () => {
    permit.stop()
    if (!ended) underWay -= 1
    ended = true
  }
  try {
    const console = await getConsole()
    const { format, ...filter } = auditExportSchema.parse(Object.fromEntries(new URL(request.url).searchParams))
    const content = bytesOf(await exportAudit(console.forJob().db, { format, filter }, user.email))
    const failed = (error: unknown) =>
      recordAudit(console.db, {
        ...{ actor: user.email, action: 'audit.export', outcome: 'failed', subject: format.toUpperCase() },
        changes: { error: [null, messageOf(error)] },
      })
    const signal = AbortSignal.any([request.signal, shuttingDown, permit.signal])
    return new Response(downloadStream(await content.next(), content, signal, end, failed), {
      headers: {
        'content-type': `${types[format]}; charset=utf-8`,
        'content-disposition': `attachment; filename="audit-${new Date().toISOString().slice(0, 10)}.${format}"`,
        ...attachmentHeaders,
      },
    })
  } catch (error) {
    end()
    throw error
  }
}

/** Next would answer HEAD with GET, which writes an event. */
export function HEAD(): Response {
  return new Response(null, { status: 405, headers: { allow: 'GET' } })
}

async function* bytesOf(pieces: AsyncGenerator<string, void>): AsyncGenerator<Buffer, void> {
  for await (const piece of pieces) yield Buffer.from(piece)
}

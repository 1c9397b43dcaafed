import 'server-only'
import { z } from 'zod'
import { displayPath } from '#lib/archive/byte-path.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { pathOfId } from '#lib/backup/browse-backup.ts'
import { downloadQuerySchema } from '#lib/backup/browse-schema.ts'
import { contentDisposition, downloadFile, downloadTar } from '#lib/backup/download-backup.ts'
import { downloadStream } from '#lib/backup/download-stream.ts'
import { pathText } from '#lib/backup/select-entries.ts'
import { AppError, type ErrorCode, messageOf } from '#lib/errors.ts'
import { refusal } from './answer.ts'
import { attachmentHeaders } from './attachment-headers.ts'
import { getConsole } from './console.ts'
import type { RequestUser } from './session.ts'
import { shuttingDown } from './shutdown.ts'
import { whilePermitted } from './while-permitted.ts'

/** Each holds a few segments in the memory of this process. */
const mostAtOnce = 4
let underWay = 0

const statusOf: Partial<Record<ErrorCode, number>> = {
  'not-found': 404,
  invalid: 400,
  denied: 502,
  unreachable: 503,
  integrity: 502,
}

/**
 * Files of a backup as an attachment: one as itself, everything else as a tar stream. Each segment is authenticated
 * before a byte of it is sent. Where one is not what was written, the connection is broken off: the browser shows a
 * failed download, never a short one that looks whole.
 */
export async function downloadResponse(
  request: Request,
  id: string,
  wish: URLSearchParams,
  user: RequestUser,
): Promise<Response> {
  const query = downloadQuerySchema.safeParse({
    path: wish.getAll('path'),
    pattern: wish.getAll('pattern'),
    as: wish.get('as') ?? 'tar',
  })
  if (!z.uuid().safeParse(id).success) return refusal(404, 'There is no such backup.')
  if (!query.success)
    return refusal(
      400,
      query.error.issues[0]?.message ?? 'This download cannot be understood.',
      'docs/backups.md shows what it takes.',
    )
  if (underWay >= mostAtOnce) return refusal(429, 'Several downloads are under way. Try again when one has ended.')
  underWay += 1
  let ended = false
  let release = () => {}
  const permit = whilePermitted(user, 'restore.run')
  const end = () => {
    permit.stop()
    if (!ended) underWay -= 1
    ended = true
    release()
  }
  try {
    const { backup: context, browsed } = await getConsole()
    const opened = await browsed.open(id)
    release = opened.release
    const paths = query.data.path.map(pathOfId)
    const shown = [...paths.map(displayPath), ...query.data.pattern]
    const subject = `Backup ${id}: ${shown.length === 0 ? 'everything' : shown.join(', ')}`
    const audit = (outcome: 'success' | 'failed', error?: unknown) =>
      recordAudit(context.db, {
        actor: user.email,
        action: 'backup.download',
        outcome,
        subject,
        ...(error !== undefined && { changes: { error: [null, messageOf(error)] } }),
      })
    const [path] = paths
    const file = query.data.as === 'file' && path !== undefined ? await downloadFile(opened, path) : undefined
    const content = file?.content ?? downloadTar(opened, [...paths.map(pathText), ...query.data.pattern])
    // What is wrong at once is said, rather than a download begun.
    const first = await content.next()
    await audit('success')
    const name =
      paths.length === 1 && path !== undefined && path !== '.'
        ? displayPath(path.slice(path.lastIndexOf('/') + 1))
        : opened.name
    const body = downloadStream(
      first,
      content,
      AbortSignal.any([request.signal, shuttingDown, permit.signal]),
      end,
      (error) => audit('failed', error),
    )
    return new Response(body, {
      headers: {
        'content-type': file ? 'application/octet-stream' : 'application/x-tar',
        'content-disposition': contentDisposition(file ? name : `${name}.tar`),
        ...(file && { 'content-length': String(file.size) }),
        ...attachmentHeaders,
      },
    })
  } catch (error) {
    end()
    if (!(error instanceof AppError)) throw error
    return refusal(statusOf[error.code] ?? 503, messageOf(error))
  }
}

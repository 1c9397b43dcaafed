import type { z } from 'zod'
import { answer } from '#app/_lib/answer.ts'
import { getConsole } from '#app/_lib/console.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { displayPath, toBytePath } from '#lib/archive/byte-path.ts'
import { type BackupQuery, backupQuerySchema } from '#lib/backup/schema.ts'
import { viewBackups } from '#lib/backup/view-backups.ts'
import { AppError } from '#lib/errors.ts'
import { knownQuery } from '#lib/requests/known-query.ts'
import { readForm } from '#lib/upload/read-form.ts'
import { postQuerySchema, putQuerySchema, unnamedUpload } from '#lib/upload/schema.ts'
import { refusalOf, shownBackup } from '../answer.ts'
import { receive } from './receive.ts'

export const dynamic = 'force-dynamic'

/** Newest first, 50 at a time. */
export async function GET(request: Request): Promise<Response> {
  const user = await permitRequest(request, 'backup.read', 'backup:read')
  if (user instanceof Response) return user
  try {
    const { backup } = await getConsole()
    const { rows, nextBefore } = await viewBackups(backup, listQuery(request))
    return answer(200, { backups: rows.map(shownBackup), nextBefore })
  } catch (error) {
    return refusalOf(error)
  }
}

/** The body is the content of one file. */
export async function PUT(request: Request): Promise<Response> {
  const user = await permitRequest(request, 'backup.run', 'backup:create')
  if (user instanceof Response) return user
  try {
    const { name, path } = parse(putQuerySchema, request)
    mustBeAsItIs(request)
    return await receive(user, name, request, async (bytes) => {
      const size = sizeOf(request)
      return {
        what: path === unnamedUpload ? 'Upload' : `Upload of ${displayPath(toBytePath(path))}`,
        input: { kind: 'stream', name: path, bytes, ...(size !== undefined && { size }) },
        of: ['file', name, path],
        size,
      }
    })
  } catch (error) {
    return refusalOf(error)
  }
}

/** The body is a form: a list of files, and the files. */
export async function POST(request: Request): Promise<Response> {
  const user = await permitRequest(request, 'backup.run', 'backup:create')
  if (user instanceof Response) return user
  try {
    const { name } = parse(postQuerySchema, request)
    mustBeAsItIs(request)
    const type = request.headers.get('content-type') ?? ''
    if (!/^multipart\/form-data\b/i.test(type))
      throw new AppError('invalid', 'Files come as multipart/form-data.', { fix: 'To send one file alone, use PUT.' })
    return await receive(user, name, request, async (bytes) => {
      const { list, source } = await readForm(bytes, type)
      const what = `Upload of ${list.length} ${list.length === 1 ? 'file' : 'files'}`
      return { what, input: source, of: ['files', name, list] }
    })
  } catch (error) {
    return refusalOf(error)
  }
}

/** The page overlooks what it does not know; a program that meant something by it would be told of the wrong backups. */
function listQuery(request: Request): BackupQuery {
  const asked = queryOf(request, backupQuerySchema)
  const query = backupQuerySchema.parse(asked)
  for (const name of ['state', 'before'] as const)
    if (asked[name] && query[name] === undefined)
      throw new AppError('invalid', `“${asked[name]}” cannot be used as ?${name}=.`, {
        fix: 'docs/api.md shows what it takes.',
      })
  return query
}

function queryOf({ url }: Request, { shape }: z.ZodObject): Record<string, string> {
  return knownQuery(url, Object.keys(shape))
}

function parse<S extends z.ZodObject>(schema: S, request: Request): z.output<S> {
  const parsed = schema.safeParse(queryOf(request, schema))
  if (parsed.success) return parsed.data
  throw new AppError('invalid', parsed.error.issues[0]?.message ?? 'The address cannot be used.', {
    fix: 'docs/api.md shows what it takes.',
  })
}

/** Kept as it came, it would be another file than the sender means. */
function mustBeAsItIs(request: Request): void {
  const coding = request.headers.get('content-encoding')?.trim().toLowerCase() || 'identity'
  if (coding === 'identity') return
  throw new AppError(
    'invalid',
    `The body comes with Content-Encoding: ${coding.slice(0, 40)}, which is not undone here.`,
    {
      fix: 'Send the file as it is: it is compressed here. To keep a compressed file, leave the header out.',
    },
  )
}

/** Undefined where the sender did not say: chunked, as from a pipe. */
function sizeOf(request: Request): number | undefined {
  const text = request.headers.get('content-length')
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

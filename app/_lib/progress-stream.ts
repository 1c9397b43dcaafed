import 'server-only'
import { setTimeout as delay } from 'node:timers/promises'
import type { Permission } from '#lib/auth/schema.ts'
import type { BackupState, JobKind } from '#lib/backup/schema.ts'
import { viewProgress } from '#lib/backup/view-backups.ts'
import { getConsole } from './console.ts'
import { permitRequest, stillPermitted } from './session.ts'
import { shuttingDown } from './shutdown.ts'

const everyMs = 500
const longestMs = 60 * 60_000
/** A session that was ended, or a role that was taken away, ends the stream within this. */
const askEveryMs = 5_000

const ended: readonly BackupState[] = ['complete', 'failed', 'cancelled', 'deleting', 'shredding', 'shredded']

/** Server-sent events with the progress of one backup, restore or verification, until it ends, the watcher leaves or Next stops. */
export async function progressStream(request: Request, kind: JobKind, id: string): Promise<Response> {
  const user = await permitRequest(request, 'backup.read')
  if (user instanceof Response) return user
  const { backup } = await getConsole()
  if (!(await viewProgress(backup, kind, id)))
    return Response.json({ message: `There is no such ${kind}.` }, { status: 404 })
  return eventStream(
    request,
    'backup.read',
    () => viewProgress(backup, kind, id),
    ({ state }) => ended.includes(state),
  )
}

/**
 * What `read` gives, each time that it has changed; undefined, when it is gone, is the last. It ends when whoever watches
 * may not any more.
 */
export function eventStream<T>(
  request: Request,
  permission: Permission,
  read: () => Promise<T | undefined>,
  isEnd: (value: T) => boolean,
): Response {
  const signal = AbortSignal.any([request.signal, shuttingDown, AbortSignal.timeout(longestMs)])
  const encoder = new TextEncoder()
  async function* events() {
    let last = ''
    let asked = performance.now()
    while (!signal.aborted) {
      if (performance.now() - asked > askEveryMs) {
        if (!(await stillPermitted(request, permission))) return
        asked = performance.now()
      }
      const value = await read()
      const data = JSON.stringify(value ?? null)
      // A comment keeps proxies from closing a quiet connection.
      yield encoder.encode(data === last ? ':\n\n' : `data: ${data}\n\n`)
      last = data
      if (value === undefined || isEnd(value)) return
      await delay(everyMs, undefined, { signal }).catch(() => {})
    }
  }
  const source = events()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await source.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await source.return()
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

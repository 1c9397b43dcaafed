import 'server-only'
import { refusal } from '#app/_lib/answer.ts'
import { getConsole } from '#app/_lib/console.ts'
import type { RequestUser } from '#app/_lib/session.ts'
import { shuttingDown } from '#app/_lib/shutdown.ts'
import { whilePermitted } from '#app/_lib/while-permitted.ts'
import { type Received, receiveBackup, receiveOnce } from '#lib/backup/receive-backup.ts'
import type { BackupDetail } from '#lib/backup/schema.ts'
import type { SentOnce } from '#lib/backup/sent-before.ts'
import type { FilesSource, StreamSource } from '#lib/backup/source.ts'
import { parseIdempotencyKey } from '#lib/upload/idempotency-key.ts'
import { bytesOf } from '#lib/upload/read-request.ts'
import { readToNowhere } from '#lib/upload/read-to-nowhere.ts'
import { backupAnswer } from '../answer.ts'

/** Each holds some segments in memory. */
const mostAtOnce = 3
let underWay = 0

interface Opened extends Pick<SentOnce, 'of' | 'size'> {
  readonly what: string
  readonly input: StreamSource | FilesSource
}

/** Runs one upload and answers when its backup has ended, or refuses it while too many are under way. */
export async function receive(
  user: RequestUser,
  name: string,
  request: Request,
  open: (bytes: AsyncIterable<Uint8Array>) => Promise<Opened>,
): Promise<Response> {
  const key = parseIdempotencyKey(request.headers.get('idempotency-key'))
  if (underWay >= mostAtOnce) {
    const message = `${mostAtOnce} uploads are under way already.`
    return refusal(429, message, 'Send it again when one of them has ended.', { 'retry-after': '10' })
  }
  underWay += 1
  const permit = whilePermitted(user, 'backup.run')
  try {
    const { forJob } = await getConsole()
    const { what, input, of, size } = await open(
      bytesOf(request.body, AbortSignal.any([request.signal, permit.signal])),
    )
    const from = user.token === undefined ? what : `${what} by API token ${user.token}`
    let begun = false
    const received: Received = { name, from, actor: user.email, onStart: () => (begun = true) }
    try {
      if (key === undefined) return madeAnswer(await receiveBackup(forJob(), received, input, shuttingDown))
      const row = await receiveOnce(forJob(), received, { sender: user.id, key, of, size }, input, shuttingDown)
      if ('otherUse' in row)
        return refusal(422, row.otherUse, 'Make a new key for each backup; only the same one is sent again with it.')
      return madeAnswer(row, row.replayed ? { 'idempotency-replayed': 'true' } : {})
    } finally {
      if (!begun) readToNowhere(input)
    }
  } finally {
    permit.stop()
    underWay -= 1
  }
}

function madeAnswer(row: BackupDetail, headers?: Record<string, string>): Response {
  return backupAnswer(row, row.state === 'complete' ? 201 : 422, headers)
}

import 'server-only'
import { answer, refusal } from '#app/_lib/answer.ts'
import type { BackupDetail, BackupRow } from '#lib/backup/schema.ts'
import { AppError, type ErrorCode, messageOf } from '#lib/errors.ts'

const statuses: Record<ErrorCode, number> = {
  invalid: 400,
  'not-found': 404,
  denied: 403,
  conflict: 409,
  unreachable: 503,
  integrity: 502,
  unavailable: 503,
  sealed: 503,
}

/** So that whoever tries again by itself waits. */
const soon = { 'retry-after': '10' }

/** For anything thrown: an AppError's own sentences, otherwise nothing of it. */
export function refusalOf(error: unknown): Response {
  if (error instanceof AppError)
    return refusal(statuses[error.code], error.message, error.fix, error.code === 'conflict' ? soon : {})
  console.error(error)
  return refusal(
    500,
    messageOf(new Error('Something went wrong in this console.')),
    'Look at logs/web.log of its data folder.',
  )
}

/** A backup as the API shows it; docs/api.md describes it. One that did not become complete has a `message` as well. */
export function backupAnswer(row: BackupDetail, status = 200, headers?: Record<string, string>): Response {
  const shown = { ...shownBackup(row), keyTroubles: row.keyTroubles }
  const failed = row.state === 'complete' ? {} : { message: row.error ?? `The backup is ${row.state}.`, fix: null }
  return answer(status, status >= 400 ? { ...failed, ...shown } : shown, headers)
}

export function shownBackup(row: BackupRow) {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    state: row.state,
    damaged: row.damaged,
    locked: row.locked,
    error: row.error,
    warnings: row.warnings,
    bytes: row.bytes,
    bytesStored: row.bytesStored,
    files: row.files,
    method: row.method,
    keyArns: row.keyArns,
    createdAt: row.createdAt,
    finishedAt: row.finishedAt,
  }
}

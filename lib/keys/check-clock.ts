import type { AwsFault } from '#lib/aws/fault.ts'
import { type Check, checkTitles } from './schema.ts'

/** KMS refuses requests whose time differs by more than 5 minutes from its own, S3 and STS by more than 15. */
const warnFromMs = 60_000
const base = { id: 'clock' as const, title: checkTitles.clock, durationMs: 0 }

/** @param offsetMs how far this machine is ahead of AWS; undefined when no answer told */
export function checkClock(offsetMs: number | undefined): Check {
  if (offsetMs === undefined) return { ...base, status: 'skipped', detail: 'No answer of AWS told the time.' }
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  if (Math.abs(offsetMs) < warnFromMs) {
    return { ...base, status: 'passed', detail: seconds < 2 ? 'To the second.' : `${seconds} seconds apart.` }
  }
  const where = offsetMs > 0 ? 'ahead of' : 'behind'
  return {
    ...base,
    status: 'warning',
    detail: `This machine’s clock is ${span(seconds)} ${where} AWS’s.`,
    cause: 'Beyond 5 minutes KMS refuses requests, and the times of backups are wrong by as much.',
    who: 'clock',
    fix: 'Turn on time synchronisation (timedatectl set-ntp true) and check again.',
  }
}

/** AWS has refused a request for its time, which every other call would meet as well. */
export function clockRefused(fault: AwsFault, offsetMs: number | undefined): Check {
  const apart = offsetMs === undefined ? '' : ` It differs by ${span(Math.round(Math.abs(offsetMs) / 1000))}.`
  return {
    ...base,
    status: 'failed',
    kind: 'invalid',
    title: 'This machine’s clock is wrong',
    detail: `AWS refuses requests whose time differs too much from its own.${apart}`,
    cause: fault.message || 'The clock differs by more than 5 minutes.',
    who: 'clock',
    fix: 'Turn on time synchronisation (timedatectl set-ntp true) and check again.',
    awsCode: fault.code,
    awsMessage: fault.message,
    awsRequestId: fault.requestId,
  }
}

const span = (seconds: number) => (seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`)

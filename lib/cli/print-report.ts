import type { RemedyFormat } from '#lib/aws/schema.ts'
import { type Check, type CheckReport, verdictOf } from '#lib/keys/schema.ts'
import { plain, print } from './output.ts'

const marks: Record<Check['status'], string> = {
  passed: '✓ passed ',
  failed: '✗ failed ',
  warning: '! warning',
  skipped: '– skipped',
}

/** A key check for people on a terminal. One fault often fails several checks: its cause and fix are told once. */
export function printReport(report: CheckReport, format: RemedyFormat): void {
  const told = new Set<string>()
  let subject = ''
  for (const check of report.checks) {
    const now = subjectOf(check, report)
    if (now !== subject) print(`\n${plain(now)}`)
    subject = now
    printCheck(check, told, format)
  }
  const { keyArn, lastGood, durationMs } = report
  print(`\n${verdictText(report)}${keyArn ? `: ${keyArn}` : ''} (${durationMs} ms)`)
  if (lastGood) print(`Last known to work: ${lastGood.at}, with revision ${lastGood.revision}.`)
}

/** Of what was tried: without encryption, and with the console's own key, there is no key to speak of. */
function verdictText(report: CheckReport): string {
  const verdict = verdictOf(report)
  if (verdict === 'unreachable') return 'AWS could not be reached: nothing is known to be wrong'
  const { checks } = report
  const hasKey = checks.some(({ id }) => id.startsWith('key.'))
  if (verdict === 'works') return hasKey ? 'The key works' : 'The bucket works'
  const keyIsWell = checks.every(({ id, status }) => status !== 'failed' || id.startsWith('bucket.'))
  return keyIsWell || !hasKey ? 'The bucket cannot be used' : 'The key cannot be used'
}

function subjectOf({ id, key = 0 }: Check, { keys = [] }: CheckReport): string {
  if (id === 'keys' || id === 'clock') return 'Together'
  if (id.startsWith('bucket.')) return 'Bucket'
  if (!id.startsWith('key.')) return 'Credentials'
  return `${key === 0 ? 'Key' : `Further key ${key}`}${keys[key] ? ` ${keys[key].typed}` : ''}`
}

function printCheck(check: Check, told: Set<string>, format: RemedyFormat): void {
  print(`${marks[check.status]}  ${check.title}  (${check.durationMs} ms)`)
  const line = (text: string) => print(`             ${plain(text)}`)
  line(check.detail)
  const { cause, who, fix = '', remedies = [], awsCode, awsMessage, awsRequestId } = check
  if (check.status === 'passed' || check.status === 'skipped') return
  // What carries it out names the key: another key's is another.
  const name = `${check.key ?? ''} ${fix}`
  if (told.has(name)) {
    line('Cause and fix are the same as above.')
  } else {
    if (cause) line(`Cause: ${cause}`)
    if (who) line(`Where: ${who}`)
    if (fix) line(`Fix:   ${fix}`)
    for (const { label, note, formats } of remedies) {
      const chosen = formats.find((one) => one.format === format) ?? formats[0]
      if (chosen) print(`\n# ${label}: ${plain(note)}\n${chosen.text.trimEnd()}\n`)
    }
  }
  if (fix) told.add(name)
  if (awsCode) line(`AWS said: ${[awsCode, awsMessage, awsRequestId].filter(Boolean).join(' ')}`)
}

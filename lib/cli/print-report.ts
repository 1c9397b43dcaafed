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
  print(`\n${verdictText(report)} (${report.durationMs} ms)`)
  const { lastGood } = report
  if (lastGood) print(`Last known to work: ${lastGood.at}, with revision ${lastGood.revision}.`)
}

/** Of what was tried: without encryption, and with the console's own key, there is no key to speak of. */
function verdictText(report: CheckReport): string {
  const verdict = verdictOf(report)
  if (verdict === 'unreachable') return 'AWS gave no usable answer: nothing is known to be wrong'
  const { checks, keyArn, keys = [] } = report
  const ofKeys = checks.filter(({ id }) => id.startsWith('key.'))
  const naming = (words: string, key: number) => {
    const name = keys[key]?.keyArn ?? keys[key]?.typed ?? keyArn
    return name ? `${words}: ${plain(name)}` : words
  }
  if (verdict === 'works' && ofKeys.length === 0) return 'The bucket works'
  if (verdict === 'works') return keys.length > 1 ? `All ${keys.length} keys work` : naming('The key works', 0)
  // Of what could not be reached nothing is known to be wrong.
  const refused = checks.filter(({ status, kind }) => status === 'failed' && kind !== 'unreachable')
  // One that the role does not demand keeps no key from being tried.
  const others = refused.filter(({ id }) => id !== 'credentials.externalId')
  if (others.length === 0) return 'The role does not demand the external ID'
  if (ofKeys.length === 0 || others.every(({ id }) => id.startsWith('bucket.'))) return 'The bucket cannot be used'
  const bad = [...new Set(refused.filter(({ id }) => id.startsWith('key.')).map(({ key = 0 }) => key))]
  const [first] = bad
  // Credentials that fail keep every key from being tried.
  if (first === undefined)
    return keys.length > 1 ? `None of the ${keys.length} keys can be used` : naming('The key cannot be used', 0)
  return bad.length === 1 ? naming('The key cannot be used', first) : `${bad.length} keys cannot be used`
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

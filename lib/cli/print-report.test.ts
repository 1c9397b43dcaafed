import { expect, test, vi } from 'vitest'
import { disabled } from '#lib/keys/key-states.ts'
import type { Check, CheckReport } from '#lib/keys/schema.ts'
import { printReport } from './print-report.ts'

const key = (end: string) => `arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-${end.repeat(12)}`

test('a fix is told once for a key, and for each key', () => {
  const failed = (id: Check['id'], index: number, arn: string): Check => ({
    id,
    key: index,
    status: 'failed',
    kind: 'refused',
    durationMs: 1,
    ...disabled(arn, 'us-east-1'),
  })
  const keys = [key('1'), key('2')]
  const report: CheckReport = {
    ok: false,
    keyArn: null,
    keys: keys.map((arn) => ({ typed: arn, keyArn: arn, region: 'us-east-1' })),
    region: 'us-east-1',
    durationMs: 1,
    checks: keys.flatMap((arn, index) => [failed('key.usable', index, arn), failed('key.encrypt', index, arn)]),
  }
  const printed = printedOf(report)
  for (const arn of keys) expect(printed.split(`enable-key --region us-east-1 --key-id ${arn}`)).toHaveLength(2)
  expect(printed.split('same as above')).toHaveLength(3)
})

test.each<[verdict: string, ...checks: [Check['id'], Check['status']][]]>([
  ['The key works', ['key.encrypt', 'passed'], ['bucket.write', 'passed']],
  ['The bucket works', ['credentials', 'passed'], ['bucket.write', 'passed']],
  ['The key cannot be used', ['key.encrypt', 'failed'], ['bucket.write', 'failed']],
  ['The key cannot be used', ['credentials', 'failed'], ['key.encrypt', 'skipped'], ['bucket.write', 'skipped']],
  ['The bucket cannot be used', ['key.encrypt', 'passed'], ['bucket.write', 'failed']],
  ['The bucket cannot be used', ['credentials', 'failed'], ['bucket.write', 'skipped']],
])('%s, in the last line: %j %j %j', (verdict, ...checks) => {
  const report: CheckReport = {
    ok: checks.every(([, status]) => status === 'passed'),
    keyArn: null,
    keys: [],
    region: 'us-east-1',
    durationMs: 1,
    checks: checks.map(([id, status]) => ({ id, status, kind: 'refused', title: '', detail: '', durationMs: 1 })),
  }
  expect(printedOf(report)).toContain(`\n${verdict} (1 ms)\n`)
})

function printedOf(report: CheckReport): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  printReport(report, 'cli')
  const printed = write.mock.calls.map(([text]) => String(text)).join('')
  write.mockRestore()
  return printed
}

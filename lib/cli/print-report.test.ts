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

test.each<[verdict: string, checks: [Check['id'], Check['status'], key?: number][]]>([
  [
    `The key works: ${key('1')}`,
    [
      ['key.encrypt', 'passed'],
      ['bucket.write', 'passed'],
    ],
  ],
  [
    `The key cannot be used: ${key('1')}`,
    [
      ['key.encrypt', 'failed'],
      ['bucket.write', 'failed'],
    ],
  ],
  [
    `The key cannot be used: ${key('1')}`,
    [
      ['credentials', 'failed'],
      ['key.encrypt', 'skipped'],
      ['bucket.write', 'skipped'],
    ],
  ],
  [
    'The role does not demand the external ID',
    [
      ['credentials', 'passed'],
      ['credentials.externalId', 'failed'],
      ['key.encrypt', 'passed'],
    ],
  ],
  [
    'The bucket cannot be used',
    [
      ['key.encrypt', 'passed'],
      ['bucket.write', 'failed'],
    ],
  ],
  [
    'The bucket cannot be used',
    [
      ['credentials', 'passed'],
      ['credentials.externalId', 'failed'],
      ['key.encrypt', 'passed'],
      ['bucket.write', 'failed'],
    ],
  ],
  [
    'The bucket works',
    [
      ['credentials', 'passed'],
      ['bucket.write', 'passed'],
    ],
  ],
  [
    'The bucket cannot be used',
    [
      ['credentials', 'failed'],
      ['bucket.write', 'skipped'],
    ],
  ],
  [
    `The key cannot be used: ${key('2')}`,
    [
      ['key.encrypt', 'passed', 0],
      ['key.encrypt', 'failed', 1],
    ],
  ],
  [
    '2 keys cannot be used',
    [
      ['key.usable', 'failed', 0],
      ['key.encrypt', 'failed', 0],
      ['key.encrypt', 'failed', 1],
    ],
  ],
  [
    'None of the 2 keys can be used',
    [
      ['credentials', 'failed'],
      ['key.encrypt', 'skipped', 0],
      ['key.encrypt', 'skipped', 1],
    ],
  ],
  [
    'All 2 keys work',
    [
      ['key.encrypt', 'passed', 0],
      ['key.encrypt', 'passed', 1],
    ],
  ],
])('%s, in the last line, after %j', (verdict, checks) => {
  const several = checks.some(([, , at]) => at !== undefined)
  const keys = [key('1'), ...(several ? [key('2')] : [])]
  const report: CheckReport = {
    ok: checks.every(([, status]) => status === 'passed'),
    keyArn: key('1'),
    keys: keys.map((arn) => ({ typed: arn, keyArn: arn, region: 'us-east-1' })),
    region: 'us-east-1',
    durationMs: 1,
    checks: checks.map(([id, status, at]) => ({
      ...{ id, status, kind: 'refused', title: '', detail: '', durationMs: 1 },
      ...(at !== undefined && { key: at }),
    })),
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

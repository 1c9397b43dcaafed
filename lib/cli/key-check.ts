import type { Command } from 'commander'
import { findRegion } from '#lib/aws/schema.ts'
import { bucketOf, currentEnvironment } from '#lib/environment/access.ts'
import { checkEnvironment } from '#lib/environment/check-environment.ts'
import { AppError } from '#lib/errors.ts'
import type { Check, CheckReport } from '#lib/keys/schema.ts'
import type { Services } from '#lib/services.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { plain, print, printJson } from './output.ts'

export function addKeyCheck(key: Command): void {
  key
    .command('check')
    .description(
      'Prove that a KMS key works: DescribeKey, Encrypt and Decrypt really run, and a bucket takes an object.',
    )
    .argument('<key>', 'key ARN, key ID, alias or alias ARN')
    .requiredOption('--region <region>', 'the Region of the key, such as us-east-1')
    .option(
      '--bucket <name>',
      'the bucket to try (default: the one of the saved environment in that Region, or the hosted one)',
    )
    .option('--json', 'print the whole report as JSON')
    .addHelpText('after', '\nExit codes: 0 every check passed, 1 a check failed, 2 bad usage, 3 nothing to attach to.')
    .action(async (typed: string, options: { region: string; bucket?: string; json?: boolean }) => {
      if (!findRegion(options.region))
        throw new AppError('invalid', `“${options.region}” is not an AWS Region.`, {
          fix: 'Regions look like us-east-1.',
        })
      const report = await withServices((services) => check(services, typed, options))
      if (options.json) printJson(report)
      else printReport(report)
      process.exitCode = report.ok ? exitCodes.done : exitCodes.failed
    })
}

async function check(
  { db, backup }: Services,
  typed: string,
  { region, bucket }: { region: string; bucket?: string },
): Promise<CheckReport> {
  const { id: environment, revision } = await currentEnvironment(db)
  const saved = revision?.region === region ? { name: revision.bucket, prefix: revision.prefix } : undefined
  const hosted = backup.hostedBucket
    ? { name: bucketOf(backup, { hosted: true, region, bucket: '' }), prefix: '' }
    : undefined
  return checkEnvironment({
    access: { ...backup.own, region },
    installation: backup.installation,
    environment,
    key: typed,
    bucket: bucket ? { name: bucket, prefix: '' } : (saved ?? hosted),
  })
}

const marks: Record<Check['status'], string> = {
  passed: '✓ passed ',
  failed: '✗ failed ',
  warning: '! warning',
  skipped: '– skipped',
}

function printReport(report: CheckReport): void {
  const told = new Set<string>()
  for (const check of report.checks) {
    print(`${marks[check.status]}  ${check.title}  (${check.durationMs} ms)`)
    if (check.status === 'passed') continue
    const line = (text: string) => print(`             ${plain(text)}`)
    line(check.detail)
    if (check.status !== 'failed') continue
    const { cause, fix = '', remedy, awsCode, awsMessage, awsRequestId } = check
    if (told.has(fix)) {
      line('Cause and fix are the same as above.')
    } else {
      if (cause) line(`Cause: ${cause}`)
      if (fix) line(`Fix:   ${fix}`)
      if (remedy) print(`\n${remedy.label}:\n${remedy.text}\n`)
    }
    told.add(fix)
    if (awsCode) line(`AWS said: ${[awsCode, awsMessage, awsRequestId].filter(Boolean).join(' ')}`)
  }
  const verdict = report.ok ? 'The key works' : 'The key cannot be used'
  print(`\n${verdict}${report.keyArn ? `: ${report.keyArn}` : ''} (${report.durationMs} ms)`)
}

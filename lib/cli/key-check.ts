import { type Command, InvalidArgumentError } from 'commander'
import { findRegion, type RemedyFormat, remedyFormats } from '#lib/aws/schema.ts'
import { checkNamed, checkSaved } from '#lib/environment/check-saved.ts'
import { AppError } from '#lib/errors.ts'
import { type CheckReport, verdictOf } from '#lib/keys/schema.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { printJson } from './output.ts'
import { printReport } from './print-report.ts'

interface Options {
  region?: string
  bucket?: string
  json?: boolean
  fix: RemedyFormat
}

export function addKeyCheck(key: Command): void {
  key
    .command('check')
    .description(
      'Prove that KMS keys work: DescribeKey, Encrypt and Decrypt really run, and a bucket takes an object. Without a key: the saved Backup Environment.',
    )
    .argument('[key...]', 'key ARN, key ID, alias or alias ARN; the first is the main key')
    .option('--region <region>', 'the Region of the main key, such as us-east-1 (default: the saved one)')
    .option(
      '--bucket <name>',
      'the bucket to try (default: the one of the saved environment in that Region, or the hosted one)',
    )
    .option('--fix <format>', `how fixes are printed: ${remedyFormats.join(', ')}`, fixFormat, 'json')
    .option('--json', 'print the whole report as JSON, with every fix in every format')
    .addHelpText(
      'after',
      '\nExit codes: 0 no check failed, 1 a check failed, 2 bad usage, 3 nothing to attach to or AWS could not be reached.',
    )
    .action(async (keys: string[], options: Options) => {
      if (options.region !== undefined && !findRegion(options.region))
        throw new AppError('invalid', `“${options.region}” is not an AWS Region.`, {
          fix: 'Regions look like us-east-1.',
        })
      const saved = keys.length === 0 && options.region === undefined && options.bucket === undefined
      const report = await withServices(({ backup }) =>
        saved ? checkSaved(backup, 'byok') : checkNamed(backup, { ...options, keys }),
      )
      if (options.json) printJson(report)
      else printReport(report, options.fix)
      process.exitCode = exitCodeOf(report)
    })
}

function fixFormat(text: string): RemedyFormat {
  const known = remedyFormats.find((format) => format === text)
  if (!known) throw new InvalidArgumentError(`It is one of ${remedyFormats.join(', ')}.`)
  return known
}

function exitCodeOf(report: CheckReport): number {
  const codes = { works: exitCodes.done, failed: exitCodes.failed, unreachable: exitCodes.unavailable }
  return codes[verdictOf(report)]
}

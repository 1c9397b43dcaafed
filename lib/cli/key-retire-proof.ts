import type { Command } from 'commander'
import { proveRetired } from '#lib/rewrap/prove-retired.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { plain, print, printJson, progressLine } from './output.ts'

export function addKeyRetireProof(key: Command): void {
  key
    .command('retire-proof')
    .description(
      'Prove that nothing here needs a key any more: environment, schedules, seal, and every envelope, read back.',
    )
    .argument('<key>', 'key ARN')
    .option('--json', 'print the report as JSON, to keep')
    .addHelpText('after', '\nExit codes: 0 nothing needs it, 1 something does, 2 bad usage, 3 no console is running.')
    .action(async (arn: string, options: { json?: boolean }) => {
      const line = progressLine()
      const proof = await withServices(({ backup }) =>
        proveRetired(backup, arn, (done, total) => line.show(`${done} of ${total} backups`)),
      ).finally(() => line.clear())
      if (options.json) printJson(proof)
      else {
        print(proof.safe ? `Nothing here needs ${arn}.` : `${arn} is still needed:`)
        for (const { what, why } of proof.needs) print(`  ${plain(what)}: ${plain(why)}`)
        if (proof.needed > proof.needs.length) print(`  and ${proof.needed - proof.needs.length} more`)
        print(`${proof.envelopes} envelopes were read back from the bucket. What this cannot see:`)
        for (const one of proof.beyond) print(`  ${one}`)
      }
      if (!proof.safe) process.exitCode = exitCodes.failed
    })
}

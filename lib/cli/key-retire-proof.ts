import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { AppError } from '#lib/errors.ts'
import { nextCommands, reportText } from '#lib/retire/report-text.ts'
import { startProof } from '#lib/retire/run-proof.ts'
import { type ProofDetail, retireKeySchema } from '#lib/retire/schema.ts'
import { viewProof } from '#lib/retire/view-proofs.ts'
import type { Services } from '#lib/services.ts'
import { askPatiently } from './ask-patiently.ts'
import { withServices } from './attach.ts'
import { exitCodes } from './exit-codes.ts'
import { plain, print, printJson, progressLine } from './output.ts'
import { tellOnInterrupt } from './tell-on-interrupt.ts'

export function addKeyRetireProof(key: Command): void {
  key
    .command('retire-proof')
    .description(
      'Prove that nothing here needs a key any more: environment, schedules, seal, and every envelope, read back.',
    )
    .argument('<key>', 'key ARN')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nA worker does it, also when this command is stopped. The report is kept: the key’s page shows it, and can delete old versions that it found.' +
        '\nExit codes: 0 nothing needs it, 1 something does, 2 bad usage, 3 no console is running.',
    )
    .action((arn: string, options: { json?: boolean }) =>
      withServices(async (services) => {
        const parsed = retireKeySchema.safeParse({ key: arn })
        if (!parsed.success)
          throw new AppError('invalid', `“${plain(arn)}” is not a key ARN.`, {
            fix: 'byok key list shows those that backups name; an alias can point elsewhere tomorrow.',
          })
        const { report, id, error } = await finished(
          services,
          await startProof(services.backup, parsed.data.key, 'command line'),
        )
        if (!report) throw new AppError('unavailable', `The proof failed: ${error ?? 'nobody knows why.'}`)
        process.exitCode = report.safe ? exitCodes.done : exitCodes.failed
        if (options.json) return printJson(report)
        for (const line of reportText(report).trimEnd().split('\n')) print(plain(line))
        print(`\nKept as report ${id}.`)
        if (!report.safe) return
        const { disable, watch, schedule } = nextCommands(report.key)
        print('What AWS advises next: disable it,')
        print(`${disable}\nwatch for a while whether anybody misses it,\n${watch}\nand only then:\n${schedule}`)
      }),
    )
}

async function finished({ db }: Services, id: string): Promise<ProofDetail> {
  const goesOn = `Nobody waits here any more; the report ${id} is made all the same, and the key’s page shows it.`
  const line = progressLine()
  const takeBack = tellOnInterrupt(line, goesOn)
  try {
    for (;;) {
      const proof = await askPatiently(() => viewProof(db, id), {
        onAway: () => line.show('Waiting for the database…'),
        goesOn,
      })
      if (!proof) throw new AppError('not-found', `The report ${id} is gone.`)
      if (proof.state === 'complete' || proof.state === 'failed') return proof
      const { step, done, total } = proof.progress ?? { step: 'Waiting for a worker…', done: 0, total: 0 }
      line.show(total > 0 ? `${step}: ${done} of ${total}` : step)
      await delay(200)
    }
  } finally {
    takeBack()
    line.clear()
  }
}

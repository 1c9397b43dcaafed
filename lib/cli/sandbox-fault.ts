import path from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { AppError, messageOf } from '#lib/errors.ts'
import type { SandboxControl } from '#lib/sandbox/open-control.ts'
import { type Fault, type FaultEffect, faultEffects, faultServices } from '#lib/sandbox/schema.ts'
import { digits } from './arguments.ts'
import { plain, print, printJson } from './output.ts'

interface AddOptions {
  service: string
  operation: string
  effect: FaultEffect
  key?: string
  bucket?: string
  latencyMs?: number
  times?: number
  probability?: number
  seed?: number
  json?: boolean
}

const exitCodesText =
  '\nExit codes: 0 done, 1 refused, 2 bad usage, 3 no console with a sandbox is running on the data folder.'

/** `byok sandbox fault list|clear|add`, against the sandbox of the running console. */
export function addSandboxFault(sandbox: Command): void {
  const fault = sandbox
    .command('fault')
    .description('Make the sandbox of the running console fail on purpose.')
    .addHelpText('after', exitCodesText)

  fault
    .command('list')
    .description('Show the faults that are set.')
    .option('--json', 'print them as JSON')
    .addHelpText('after', exitCodesText)
    .action(({ json }: { json?: boolean }) => steer(async (control) => show(await control.faults(), json)))

  fault
    .command('clear')
    .description('Remove every fault. A rehearsal of the Sandbox page goes on until it is ended there.')
    .addHelpText('after', exitCodesText)
    .action(() =>
      steer(async (control) => {
        await control.setFaults([])
        print('No faults are set.')
      }),
    )

  fault
    .command('add')
    .description('Add one fault to those that are set.')
    .addOption(new Option('--service <service>', 'whose calls').choices(faultServices).makeOptionMandatory())
    .requiredOption('--operation <name>', 'which call, such as Decrypt or PutObject; * for all')
    .addOption(new Option('--effect <effect>', 'what happens').choices(faultEffects).makeOptionMandatory())
    .option('--key <key>', 'only calls about this key: key ID, key ARN, alias or alias ARN')
    .option('--bucket <name>', 'only calls about this bucket')
    .option('--latency-ms <ms>', 'wait so long first', number({ whole: true }))
    .option('--times <n>', 'only the next n calls', number({ whole: true }))
    .option('--probability <p>', 'only some calls: 0 to 1', number({ most: 1 }))
    .option('--seed <n>', 'makes the choice of --probability repeatable', number({ whole: true }))
    .option('--json', 'print all faults that are set as JSON')
    .addHelpText('after', exitCodesText)
    .action(({ key, json, ...rest }: AddOptions) =>
      steer(async (control) => {
        const added: Fault = { ...rest, ...(key !== undefined && { keyId: key }) }
        const faults = [...(await control.faults()), added]
        await control.setFaults(faults)
        show(faults, json)
      }),
    )
}

function number({ whole = false, most = Number.MAX_SAFE_INTEGER }: { whole?: boolean; most?: number }) {
  return (text: string): number => {
    const value = whole ? digits(text) : fraction(text)
    if (value === undefined || value > most) {
      throw new InvalidArgumentError(most === 1 ? 'It must be from 0 to 1.' : 'It must be a whole number from 0.')
    }
    return value
  }
}

function fraction(text: string): number | undefined {
  return /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined
}

async function steer(run: (control: SandboxControl) => Promise<void>): Promise<void> {
  // Not needed, and so not loaded, by who only runs a sandbox.
  const { readEnv } = await import('#lib/env.ts')
  const { SandboxRefusal } = await import('#lib/sandbox/attach.ts')
  const { openSandboxControl } = await import('#lib/sandbox/open-control.ts')
  const { dataDir } = readEnv(undefined, { serves: false })
  try {
    await run(openSandboxControl(path.join(dataDir, 'sandbox')))
  } catch (cause) {
    if (cause instanceof SandboxRefusal) throw new AppError('invalid', cause.message, { cause })
    throw new AppError('unavailable', messageOf(cause), {
      cause,
      fix: 'Start the console with npm start, or name its folder in VAULT_DATA_DIR.',
    })
  }
}

function show(faults: readonly Fault[], json: boolean | undefined): void {
  if (json) printJson(faults)
  else if (faults.length === 0) print('No faults are set.')
  else for (const fault of faults) print(plain(lineOf(fault)))
}

function lineOf({ service, operation, effect, ...rest }: Fault): string {
  const more = Object.entries(rest).map(([name, value]) => `${name}=${value}`)
  return `${service} ${operation}  ${effect}  ${more.join(' ')}`.trimEnd()
}

import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { type Command, InvalidArgumentError } from 'commander'
import { AppError } from '#lib/errors.ts'
import { digits } from './arguments.ts'
import { printJson } from './output.ts'
import { addSandboxFault } from './sandbox-fault.ts'

export function addSandbox(sandbox: Command): void {
  sandbox
    .description(
      'Run the stand-in for AWS KMS, STS and S3 alone. For development, rehearsal and tests: nothing in it is safe.',
    )
    .option('--port <port>', 'where to listen on 127.0.0.1 (0: any free port)', portOf, 0)
    .option('--data <folder>', 'where it keeps keys and objects', '.sandbox')
    .addHelpText(
      'after',
      '\nPrints endpoint, accounts with their access keys, keys and buckets as JSON, and runs until it is stopped.' +
        '\nExit codes: 0 stopped, 1 failed, 2 bad usage, 3 the port is in use.',
    )
    .action(async ({ port, data }: { port: number; data: string }) => {
      // As in lib/supervisor/sandbox-process.ts: a quick start, and little memory for what passes through.
      enableCompileCache()
      setFlagsFromString('--semi-space-growth-factor=1')
      const { startSandbox } = await import('#lib/sandbox/server.ts')
      const running = await startSandbox({ dataDir: path.resolve(data), port }).catch((error: unknown) => {
        const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
        throw taken
          ? new AppError('unavailable', `Port ${port} is in use.`, {
              cause: error,
              fix: 'Name another one with --port.',
            })
          : error
      })
      const stop = () => void running.close().then(() => process.exit(0))
      process.once('SIGINT', stop)
      process.once('SIGTERM', stop)
      printJson(running.info())
    })

  sandbox
    .command('info')
    .description('Print the same JSON for the sandbox of the running console.')
    .addHelpText('after', '\nExit codes: 0 done, 3 no console with a sandbox is running on the data folder.')
    .action(async () => {
      const { attachSandbox } = await import('#lib/sandbox/attach.ts')
      const { readEnv } = await import('#lib/env.ts')
      const { dataDir } = readEnv(undefined, { serves: false })
      printJson(
        await attachSandbox(path.join(dataDir, 'sandbox')).catch((cause: unknown) => {
          const fix = 'Start it with npm start.'
          throw new AppError('unavailable', `No console with a sandbox is running on ${dataDir}.`, { cause, fix })
        }),
      )
    })

  addSandboxFault(sandbox)
}

function portOf(text: string): number {
  const port = digits(text)
  if (port === undefined || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

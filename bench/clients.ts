import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { bundle } from '#lib/supervisor/bundle-byok.ts'
import { consolePrograms, workerEnvironment } from '#lib/supervisor/parts.ts'
import { type OurTask, ourReport } from './our-client.ts'
import { type Command, type Measured, runMeasured } from './run-measured.ts'
import type { StandIn } from './stand-in.ts'

export const clientNames = ['vault', 'restic', 'rclone', 'aws', 'floor'] as const
export type ClientName = (typeof clientNames)[number]

export interface Outcome extends Measured {
  /** Without the start of the process; only of our own client. */
  readonly insideSeconds?: number
}

export interface Client {
  readonly name: ClientName
  /** What it is and its version, or undefined when it is not installed. */
  readonly version: string | undefined
  readonly keepsMetadata: boolean
  /** Untimed. */
  prepare(): Promise<void>
  backUp(source: string): Promise<Outcome>
  /** Into a folder that is not there yet. */
  restore(target: string): Promise<Outcome>
  storedBytes(): Promise<number>
}

const LEVEL = 3
const workerFlags = consolePrograms({ port: 0, host: '' }).worker.filter((part) => part.startsWith('--'))
const secret = 'not-a-secret-but-a-benchmark'

/**
 * @param work an own folder of the client for its cache and configuration
 */
export function makeClient(name: ClientName, standIn: StandIn, work: string): Client {
  mkdirSync(work, { recursive: true })
  const { endpoint, accessKeyId, secretAccessKey, region, bucket } = standIn
  const aws = {
    HOME: work,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const run = (command: Partial<Command> & Pick<Command, 'program' | 'args'>) =>
    runMeasured({ cwd: work, environment: aws, ...command }, work)
  const inBucket = { keepsMetadata: true, storedBytes: standIn.storedBytes }

  switch (name) {
    case 'vault': {
      let backup = randomUUID()
      const bundled = path.join(work, 'bundled')
      const program = path.join(bundled, 'our-client.js')
      const ours = async (direction: string, folder: string): Promise<Outcome> => {
        const task: OurTask = { ...ourPlace(standIn), backup }
        const measured = await run({
          program: process.execPath,
          args: ['--disable-warning=ExperimentalWarning', ...workerFlags, program, direction, folder],
          // A worker starts once, and this process for every run: as a command does, from a bundle that is compiled.
          environment: {
            OUR_CLIENT: JSON.stringify(task),
            NODE_COMPILE_CACHE: path.join(work, 'compiled'),
            ...workerEnvironment,
          },
        })
        const { seconds, peakMiB } = ourReport.parse(JSON.parse(measured.stdout.trim().split('\n').at(-1) ?? ''))
        return { ...measured, peakMiB: Math.max(peakMiB, measured.peakMiB), insideSeconds: seconds }
      }
      return {
        ...inBucket,
        name,
        version: `Vault Console, Node ${process.versions.node}`,
        async prepare() {
          if (!existsSync(program)) await bundle('bench/our-client.ts', bundled)
          backup = randomUUID()
        },
        backUp: (source) => ours('backup', source),
        restore: (target) => ours('restore', target),
      }
    }
    case 'restic': {
      let repository = ''
      const restic = (args: readonly string[], cwd: string) =>
        run({
          program: 'restic',
          args: [...args, '--quiet', '--cache-dir', path.join(work, 'cache')],
          cwd,
          environment: { ...aws, RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: secret },
        })
      return {
        ...inBucket,
        name,
        version: versionOf('restic', ['version']),
        async prepare() {
          repository = `s3:${endpoint}/${bucket}/restic-${randomUUID()}`
          await restic(['init'], work)
        },
        backUp: (source) => restic(['backup', '.'], source),
        restore: (target) => restic(['restore', 'latest', '--target', target], work),
      }
    }
    case 'rclone': {
      const version = versionOf('rclone', ['version'])
      const password =
        version === undefined ? '' : execFileSync('rclone', ['obscure', secret], { encoding: 'utf8' }).trim()
      const environment = {
        ...aws,
        RCLONE_CONFIG: path.join(work, 'rclone.conf'),
        RCLONE_CONFIG_PLAIN_TYPE: 's3',
        RCLONE_CONFIG_PLAIN_PROVIDER: 'Other',
        RCLONE_CONFIG_PLAIN_ENV_AUTH: 'true',
        RCLONE_CONFIG_PLAIN_ENDPOINT: endpoint,
        RCLONE_CONFIG_PLAIN_REGION: region,
        RCLONE_CONFIG_SECRET_TYPE: 'crypt',
        RCLONE_CONFIG_SECRET_REMOTE: `plain:${bucket}/rclone`,
        RCLONE_CONFIG_SECRET_PASSWORD: password,
      }
      const rclone = (...args: string[]) => run({ program: 'rclone', args, environment })
      return {
        ...inBucket,
        name,
        version,
        // Modes are beyond it.
        keepsMetadata: false,
        prepare: async () => undefined,
        backUp: (source) => rclone('copy', source, 'secret:'),
        restore: (target) => rclone('copy', 'secret:', target),
      }
    }
    case 'aws': {
      const copy = (from: string, to: string) =>
        // Debian 12's CLI, 2.9, overlooks AWS_ENDPOINT_URL and asks AWS.
        run({
          program: 'aws',
          args: ['--endpoint-url', endpoint, 's3', 'cp', '--recursive', '--only-show-errors', from, to],
        })
      return {
        ...inBucket,
        name,
        version: versionOf('aws', ['--version']),
        keepsMetadata: false,
        prepare: async () => undefined,
        backUp: (source) => copy(source, `s3://${bucket}/aws/`),
        restore: (target) => copy(`s3://${bucket}/aws/`, target),
      }
    }
    case 'floor': {
      const file = path.join(work, 'floor.tar.zst.enc')
      const cipher = 'openssl enc -aes-256-ctr -pbkdf2 -pass env:FLOOR_PASSWORD'
      const shell = (script: string, folder: string) =>
        run({
          program: 'bash',
          args: ['-o', 'pipefail', '-c', script, 'bash', folder, file],
          environment: { FLOOR_PASSWORD: secret },
        })
      return {
        name,
        version: versionOf('zstd', ['--version']),
        keepsMetadata: true,
        prepare: async () => undefined,
        backUp: (source) => shell(`tar --format=pax -C "$1" -cf - . | zstd -q -${LEVEL} | ${cipher} -out "$2"`, source),
        restore: (target) => shell(`mkdir "$1" && ${cipher} -d -in "$2" | zstd -dq | tar -C "$1" -xpf -`, target),
        storedBytes: async () => statSync(file).size,
      }
    }
  }
}

function ourPlace({ endpoint, accessKeyId, secretAccessKey, region, bucket, keyArn }: StandIn) {
  return { endpoint, accessKeyId, secretAccessKey, region, bucket, keyArn }
}

function versionOf(program: string, args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')[0]
  } catch {
    return undefined
  }
}

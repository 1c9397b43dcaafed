import { type ExecFileException, execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { buildClient, CommitmentPolicy, KMS, KmsKeyringNode } from '@aws-crypto/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyArn, openTestSandbox, type TestSandbox } from './open-test-sandbox.ts'

export const clientPrograms = ['aws', 'restic', 'rclone'] as const
type ClientProgram = (typeof clientPrograms)[number]

export function isInstalled(program: ClientProgram): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const Bucket = 'vault-hosted-us-east-1'
const files: Record<string, Buffer> = {
  empty: Buffer.alloc(0),
  'a b+ü&%.txt': Buffer.from('odd name'),
  'deep/er/small': randomBytes(1000),
  big: randomBytes(9_000_000),
}

/**
 * Clients that this project did not write, used as anybody would.
 * @param programs those to try
 * @param folders where they may be, beside the PATH
 */
export function describeClients(programs: readonly ClientProgram[], folders: readonly string[] = []): void {
  let target: TestSandbox
  let work: string
  let source: string

  beforeAll(async () => {
    target = await openTestSandbox()
    work = mkdtempSync(join(tmpdir(), 'real-clients-'))
    source = join(work, 'source')
    mkdirSync(join(source, 'deep/er'), { recursive: true })
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(source, name), bytes)
  })
  afterAll(async () => {
    await target.close()
    rmSync(work, { recursive: true, force: true })
  })

  /** Runs a program with the sandbox's credentials and nothing of this machine's own settings. */
  function run(program: ClientProgram, args: string[], more: Record<string, string> = {}): Promise<string> {
    const env: NodeJS.ProcessEnv = {
      PATH: [process.env.PATH, ...folders].join(delimiter),
      HOME: work,
      AWS_ACCESS_KEY_ID: target.administrator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: target.administrator.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: target.sandbox.endpoint,
      AWS_PAGER: '',
      LC_ALL: 'C.UTF-8',
      NODE_ENV: 'test',
      ...more,
    }
    // Debian 12's CLI, 2.9, overlooks AWS_ENDPOINT_URL and asks AWS.
    const all = program === 'aws' ? ['--endpoint-url', target.sandbox.endpoint, ...args] : args
    return new Promise((resolve, reject) => {
      execFile(program, all, { env, maxBuffer: 1 << 26 }, (error: ExecFileException | null, stdout, stderr) => {
        if (error) reject(new Error(`${program} ${args.join(' ')}: ${stderr || error.message}`))
        else resolve(stdout)
      })
    })
  }

  function expectSameFiles(folder: string): void {
    for (const [name, bytes] of Object.entries(files)) expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true)
  }

  test('the AWS Encryption SDK with a KMS keyring', async () => {
    const clientProvider = (region: string) =>
      new KMS({ region, endpoint: target.sandbox.endpoint, credentials: { ...target.administrator } })
    const keyring = new KmsKeyringNode({
      generatorKeyId: keyArn(target.info, 'backups'),
      keyIds: [keyArn(target.info, 'archive')],
      clientProvider,
    })
    const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    const { result } = await encrypt(keyring, 'secret', { encryptionContext: { purpose: 'test' } })
    const either = new KmsKeyringNode({ keyIds: [keyArn(target.info, 'archive')], clientProvider })
    const { plaintext, messageHeader } = await decrypt(either, result)
    expect(plaintext.toString()).toBe('secret')
    expect(messageHeader.encryptionContext.purpose).toBe('test')
  })

  const clients: Record<ClientProgram, () => void> = {
    aws() {
      test('awscli: s3 cp, ls, sync and rm', async () => {
        await run('aws', ['s3', 'cp', '--quiet', '--recursive', source, `s3://${Bucket}/cli/`])
        expect(await run('aws', ['s3', 'ls', '--recursive', `s3://${Bucket}/cli/`])).toContain('cli/a b+ü&%.txt')
        await run('aws', ['s3', 'sync', '--quiet', `s3://${Bucket}/cli/`, join(work, 'cli')])
        expectSameFiles(join(work, 'cli'))
        expect(await run('aws', ['s3', 'sync', `s3://${Bucket}/cli/`, join(work, 'cli')])).toBe('')
        await run('aws', ['s3', 'rm', '--quiet', '--recursive', `s3://${Bucket}/cli/`])
        const left = ['--bucket', Bucket, '--prefix', 'cli/', '--query', 'length(Contents || `[]`)']
        expect((await run('aws', ['s3api', 'list-objects-v2', ...left])).trim()).toBe('0')
      })

      test('awscli: kms and sts', async () => {
        const text = async (...args: string[]) => (await run('aws', [...args, '--output', 'text'])).trim()
        expect(await text('sts', 'get-caller-identity', '--query', 'Arn')).toContain('user/vault-console')
        const alias = ['--key-id', 'alias/backups']
        expect(await text('kms', 'describe-key', ...alias, '--query', 'KeyMetadata.Arn')).toBe(
          keyArn(target.info, 'backups'),
        )
        const plain = join(work, 'plain')
        writeFileSync(plain, 'secret')
        const encrypt = ['kms', 'encrypt', ...alias, '--plaintext', `fileb://${plain}`, '--query', 'CiphertextBlob']
        writeFileSync(join(work, 'sealed'), Buffer.from(await text(...encrypt), 'base64'))
        const decrypt = [
          'kms',
          'decrypt',
          '--ciphertext-blob',
          `fileb://${join(work, 'sealed')}`,
          '--query',
          'Plaintext',
        ]
        expect(Buffer.from(await text(...decrypt), 'base64').toString()).toBe('secret')
        const disabled = ['kms', 'generate-data-key', '--key-id', 'alias/retired', '--key-spec', 'AES_256']
        await expect(run('aws', disabled)).rejects.toThrow('DisabledException')
      })
    },

    restic() {
      test('restic: init, backup, check, restore', async () => {
        const more = {
          RESTIC_PASSWORD: 'test',
          RESTIC_REPOSITORY: `s3:${target.sandbox.endpoint}/${Bucket}/restic`,
          RESTIC_CACHE_DIR: join(work, 'cache'),
        }
        await run('restic', ['init'], more)
        await run('restic', ['backup', source], more)
        await run('restic', ['check', '--read-data'], more)
        await run('restic', ['restore', 'latest', '--target', join(work, 'restic')], more)
        expectSameFiles(join(work, 'restic', source))
      })
    },

    rclone() {
      test('rclone: copy, check, crypt', async () => {
        const more = {
          RCLONE_CONFIG: join(work, 'rclone.conf'),
          RCLONE_CONFIG_SB_TYPE: 's3',
          RCLONE_CONFIG_SB_PROVIDER: 'Other',
          RCLONE_CONFIG_SB_ENV_AUTH: 'true',
          RCLONE_CONFIG_SB_REGION: 'us-east-1',
          RCLONE_CONFIG_SB_ENDPOINT: target.sandbox.endpoint,
          RCLONE_CONFIG_SB_FORCE_PATH_STYLE: 'true',
          RCLONE_CONFIG_SECRET_TYPE: 'crypt',
          RCLONE_CONFIG_SECRET_REMOTE: `sb:${Bucket}/crypt`,
          RCLONE_CONFIG_SECRET_PASSWORD: (await run('rclone', ['obscure', 'test'])).trim(),
        }
        await run('rclone', ['copy', source, `sb:${Bucket}/rclone`], more)
        await run('rclone', ['check', source, `sb:${Bucket}/rclone`], more)
        await run('rclone', ['copy', source, 'secret:'], more)
        await run('rclone', ['cryptcheck', source, 'secret:'], more)
        await run('rclone', ['copy', 'secret:', join(work, 'rclone')], more)
        expectSameFiles(join(work, 'rclone'))
      })
    },
  }

  // At once: each spends its time starting, and has a prefix of its own.
  describe.concurrent('programs', () => {
    for (const program of programs) clients[program]()
  })
}

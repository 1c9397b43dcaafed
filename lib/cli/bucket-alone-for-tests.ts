import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect } from 'vitest'
import { createAwsClients } from '#lib/aws/clients.ts'
import { type WriteProtection, writeBackup } from '#lib/backup/write-backup.ts'
import type { KeyWrapper } from '#lib/keys/key-wrapper.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { memoryWrapper } from '#lib/seal/root-key.ts'
import { s3Store } from '#lib/storage/s3-store.ts'
import { byok } from './byok-for-tests.ts'

export const bucket = 'recover-here'
export const region = 'us-east-1'
const farRegion = 'eu-central-1'
export const installation = randomUUID()
export const ids = { installation, environment: 'env-7', prefix: 'a/prefix' }
/** What the backup `sealed` is wrapped under. */
export const root = { id: `root-key/${randomUUID()}`, key: randomBytes(32) }
const rootKey: KeyWrapper = {
  wrap: async (key, context) => ({ keyId: root.id, ciphertext: await memoryWrapper(root).wrap(key, context) }),
  unwrap: ({ ciphertext }, context) => memoryWrapper(root).unwrap(ciphertext, context),
}

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** For the tests of one file: a bucket with four backups of one folder, and no console. */
export function bucketAlone() {
  const place = { folder: '', source: '' }
  let target: TestSandbox
  let targets = 0
  beforeAll(async () => {
    place.folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'recover-')))
    target = await openTestSandbox({ dataDir: path.join(place.folder, 'sandbox') })
    await target.s3().send(new CreateBucketCommand({ Bucket: bucket }))
    place.source = path.join(place.folder, 'source')
    mkdirSync(path.join(place.source, 'größe'), { recursive: true })
    writeFileSync(path.join(place.source, 'größe', 'file'), 'content '.repeat(50_000))
    writeFileSync(path.join(place.source, 'empty'), '')
    await backUp('one-key', [arnOf('backups')])
    await backUp('two-keys', [arnOf('backups'), arnOf('archive')])
    await backUp('plain', 'none')
    await backUp('sealed', 'root')
  })
  afterAll(async () => {
    await target.close()
    rmSync(place.folder, { recursive: true, force: true })
  })

  const arnOf = (alias: string) => keyArn(target.info, alias, region)
  /** Makes a backup as the console does, without one. */
  async function backUp(backup: string, keys: readonly string[] | 'none' | 'root') {
    const clients = createAwsClients(
      { region, endpoint: target.info.endpoint, credentials: target.administrator },
      'background',
    )
    const elsewhere = createAwsClients(
      { region: farRegion, endpoint: target.info.endpoint, credentials: target.administrator },
      'background',
    )
    const wrapper = (arn: string) => {
      const [, , , near = region] = arn.split(':')
      const { kms } = near === region ? clients : elsewhere
      return kmsKeyWrapper(kmsOf(kms), { keyArn: arn, region: near, callerArn: undefined, ...ids })
    }
    const protection: WriteProtection =
      keys === 'none'
        ? { method: 'none' }
        : {
            method: 'keys',
            keys: keys === 'root' ? [rootKey] : keys.map(wrapper),
          }
    await writeBackup({
      store: s3Store(clients.s3, bucket),
      protection,
      identity: { ...ids, backup },
      source: { kind: 'folder', path: place.source, include: [], exclude: [] },
      attempt: 1,
    })
    clients.destroy()
    elsewhere.destroy()
  }

  /** Nothing of a console: a data folder that is not there must not be missed, nor made; nor the console's address. */
  const surroundings = ({ accessKeyId, secretAccessKey }: Credentials = target.administrator) => ({
    cwd: place.folder,
    env: {
      VAULT_AWS: 'aws',
      VAULT_DATA_DIR: path.join(place.folder, 'no-such-data'),
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  })
  const madeNothing = () => expect(existsSync(path.join(place.folder, 'no-such-data'))).toBe(false)

  /** @param deaf nobody reads what it prints, as behind `| head -1` */
  async function recover(
    args: readonly string[],
    {
      input = '',
      credentials = target.administrator,
      deaf = false,
      variables = {},
    }: {
      input?: string
      credentials?: Credentials
      deaf?: boolean
      variables?: Record<string, string>
    } = {},
  ) {
    const { cwd, env } = surroundings(credentials)
    const ended = await byok(['recover', ...args], {
      cwd,
      env: { ...env, ...variables },
      input,
      ...(deaf && { unread: 'stdout' }),
    })
    madeNothing()
    return ended
  }
  return {
    place,
    /** From the first beforeAll on. */
    get target() {
      return target
    },
    arnOf,
    /** In another Region than the bucket. */
    farKey: () => keyArn(target.info, 'backups', farRegion),
    backUp,
    recover,
    /** What `recover` starts it with. */
    surroundings,
    /** After a command that was started so: there is no data folder yet. */
    madeNothing,
    /** The arguments that say where the backups lie. */
    at: () => [`s3://${bucket}/a/prefix`, '--environment', 'env-7', '--endpoint', target.info.endpoint],
    newTarget(): string {
      targets += 1
      return path.join(place.folder, `target-${targets}`)
    },
  }
}

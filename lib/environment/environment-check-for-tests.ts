import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Check, type CheckId, type CheckReport, plannedChecks } from '#lib/keys/schema.ts'
import { type Credentials, keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { checkEnvironment } from './check-environment.ts'

interface Changes {
  region?: string
  credentials?: Credentials
  bucket?: string
  endpoint?: string
  furtherKeys?: string[]
}

export const environment = 'c9d4a1f2-7f41-4f7d-8a55-3a1f5b8e2d22'

/** For the tests of one file: a sandbox without faults before each, and the check of an environment in it. */
export function environmentCheck() {
  let sandbox: TestSandbox
  beforeAll(async () => {
    sandbox = await openTestSandbox()
  })
  afterAll(() => sandbox.close())
  afterEach(async () => {
    await sandbox.control('DELETE', 'faults')
    await sandbox.control('DELETE', 'requests')
  })
  return {
    /** From the first test on. */
    get sandbox() {
      return sandbox
    },
    /** The ARN of a key that works. */
    good: () => keyArn(sandbox.info, 'backups'),
    run(key: string | undefined, changes: Changes = {}, tell?: (check: Check) => void): Promise<CheckReport> {
      const { region = 'us-east-1', bucket = `vault-hosted-${region}` } = changes
      const { accessKeyId, secretAccessKey, sessionToken }: Credentials = changes.credentials ?? sandbox.administrator
      return checkEnvironment(
        {
          access: {
            region,
            credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
            endpoint: changes.endpoint ?? sandbox.sandbox.endpoint,
          },
          installation: '5bb7e3c4-2f5e-4f0c-9b6e-0b7d9a3f1c11',
          environment,
          keys: key === undefined ? [] : [key, ...(changes.furtherKeys ?? [])],
          bucket: { name: bucket, prefix: 'some/prefix' },
        },
        tell,
      )
    },
    /** The names of what checks left in the bucket. */
    async probesLeft(): Promise<string[]> {
      const { Contents = [] } = await sandbox.s3().send(new ListObjectsV2Command({ Bucket: 'vault-hosted-us-east-1' }))
      return Contents.map(({ Key = '' }) => Key)
    },
  }
}

/** What is not passed, as `status kind`; a report without anything here is a good one. */
export function trouble(report: CheckReport): Partial<Record<CheckId, string>> {
  expect(report.checks.map(({ id }) => id)).toEqual(plannedChecks(report.keys?.length ?? 0, true).map(({ id }) => id))
  expect(report.ok).toBe(report.checks.every(({ status }) => status !== 'failed'))
  const said = report.checks.filter(({ status }) => status !== 'passed')
  return Object.fromEntries(said.map(({ id, status, kind }) => [id, kind ? `${status} ${kind}` : status]))
}

export function check(report: CheckReport, id: CheckId): Check {
  const found = report.checks.find((one) => one.id === id)
  if (!found) throw new Error(`No check ${id}`)
  return found
}

// What comes of one that failed, as `trouble` has it.
export const noEncrypt = { 'key.decrypt': 'skipped', 'key.context': 'skipped' } as const
export const noDescribe = { 'key.usable': 'skipped', 'key.rotation': 'skipped', 'key.lastUse': 'skipped' } as const
export const noWrite = {
  'bucket.read': 'skipped',
  'bucket.list': 'skipped',
  'bucket.conditional': 'skipped',
  'bucket.delete': 'skipped',
} as const
/** Nothing fails because these may not be looked at. */
export const noLooks = {
  'bucket.versioning': 'skipped',
  'bucket.objectLock': 'skipped',
  'bucket.publicAccess': 'skipped',
  'bucket.tls': 'skipped',
  'bucket.encryption': 'skipped',
} as const
export const noBucket = { 'bucket.owner': 'skipped', 'bucket.write': 'skipped', ...noWrite, ...noLooks } as const

import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DeleteAliasCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { remedyLines } from '#lib/aws/fixes/remedy-lines.ts'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import type { KeyringContext } from './keyring.ts'
import type { SealHost } from './open-seal.ts'
import { getSealed, putSealed } from './sealed-values.ts'
import { unseal } from './unseal.ts'
import { viewSeal } from './view-seal.ts'

let sandbox: TestSandbox
let database: TestDatabase
let here: KeyringContext
let good: SealHost
const place = { place: 'test.secret', row: '1' }
beforeAll(async () => {
  sandbox = await openTestSandbox()
  database = await openTestDatabase()
  const { id: installation } = await database.db.installation.findFirstOrThrow()
  here = { db: database.db, installation }
  const { accessKeyId, secretAccessKey } = sandbox.administrator
  good = {
    dataDir: '/nowhere',
    configFile: undefined,
    variables: { VAULT_SEAL_TYPE: 'awskms', VAULT_AWSKMS_SEAL_KEY_ID: 'alias/backups', AWS_REGION: 'us-east-1' },
    own: { credentials: { accessKeyId, secretAccessKey }, endpoint: sandbox.sandbox.endpoint },
  }
  const { keyring, seal } = await unseal(here, good)
  await putSealed(here.db, { ...here, seal: keyring }, place, Buffer.from('secret'))
  seal.close()
})
afterAll(async () => {
  await database.close()
  await sandbox.close()
})

const KeyId = () => keyArn(sandbox.info, 'backups')
const fault = (effect: string) => () => sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', effect }])
const noFault = () => sandbox.control('DELETE', 'faults')
const nothing = async () => undefined
const set = (variables: Record<string, string>) => ({ ...good, variables: { ...good.variables, ...variables } })
const as = (secretAccessKey: string, accessKeyId = sandbox.administrator.accessKeyId) => ({
  ...good,
  own: { ...good.own, credentials: { accessKeyId, secretAccessKey } },
})

interface Trouble {
  /** What is done to KMS, and undone. */
  readonly hurt: () => Promise<unknown>
  readonly heal: () => Promise<unknown>
  /** How the host is configured meanwhile. */
  readonly host?: () => SealHost
  readonly words: RegExp
  /** In the commands that mend it. */
  readonly command?: string
}
const troubles: Record<string, Trouble> = {
  'KMS cannot be reached': {
    hurt: nothing,
    heal: nothing,
    host: () => set({ AWS_KMS_ENDPOINT: 'http://127.0.0.1:1' }),
    words: /did not answer|answer|connect/i,
  },
  'KMS is down': { hurt: fault('Outage'), heal: noFault, words: /KMS/ },
  denied: { hurt: fault('AccessDenied'), heal: noFault, words: /kms:DescribeKey/ },
  throttled: { hurt: fault('Throttle'), heal: noFault, words: /quota|throttl/i },
  'the key is disabled': {
    hurt: () => sandbox.kms().send(new DisableKeyCommand({ KeyId: KeyId() })),
    heal: () => sandbox.kms().send(new EnableKeyCommand({ KeyId: KeyId() })),
    words: /disabled/,
    command: 'aws kms enable-key --region us-east-1 --key-id ',
  },
  'the key is pending deletion': {
    hurt: () => sandbox.kms().send(new ScheduleKeyDeletionCommand({ KeyId: KeyId(), PendingWindowInDays: 7 })),
    heal: async () => {
      await sandbox.kms().send(new CancelKeyDeletionCommand({ KeyId: KeyId() }))
      await sandbox.kms().send(new EnableKeyCommand({ KeyId: KeyId() }))
    },
    words: /scheduled for deletion/,
    command: 'aws kms cancel-key-deletion',
  },
  'the alias is gone': {
    hurt: () => sandbox.kms().send(new DeleteAliasCommand({ AliasName: 'alias/backups' })),
    heal: () =>
      sandbox
        .kms()
        .send(new CreateAliasCommand({ AliasName: 'alias/backups', TargetKeyId: KeyId().split('/').at(-1) })),
    words: /alias\/backups/,
  },
  'the Region is another, of a key ARN': {
    hurt: nothing,
    heal: nothing,
    host: () => set({ AWS_REGION: 'eu-central-1', VAULT_AWSKMS_SEAL_KEY_ID: KeyId() }),
    words: /seal’s key is in us-east-1, but its region is eu-central-1: AWS_REGION says so/,
  },
  'the Region is another, of a key ID': {
    hurt: nothing,
    heal: nothing,
    host: () => set({ AWS_REGION: 'eu-west-1', VAULT_AWSKMS_SEAL_KEY_ID: KeyId().split('/').at(-1) ?? '' }),
    words: /eu-west-1/,
  },
  'the secret is wrong': { hurt: nothing, heal: nothing, host: () => as('wrong'), words: /secret|signature/i },
  'the access key is unknown': {
    hurt: nothing,
    heal: nothing,
    host: () => as('wrong', 'AKIAIOSFODNN7EXAMPLE'),
    words: /access key/i,
  },
}

const said = new Map<string, string>()
test.each(Object.entries(troubles))('%s: sealed with its own diagnosis; healed, it opens', async (name, trouble) => {
  await trouble.hurt()
  const host = trouble.host?.() ?? good
  try {
    const error: unknown = await unseal(here, host).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'sealed', retryable: true, message: expect.stringMatching(trouble.words) })
    const view = await viewSeal(here, host)
    expect(view).toMatchObject({ status: 'sealed', type: 'awskms', keyArn: KeyId(), rootKeys: [{ values: 1 }] })
    expect(view.error).toMatch(trouble.words)
    if (trouble.command)
      expect(view.remedies.flatMap((one) => remedyLines([one])).join('\n')).toContain(trouble.command)
    expect(view.configuration.find((one) => one.name === 'kms_key_id')?.source).toBe('VAULT_AWSKMS_SEAL_KEY_ID')
    expect([...said].filter(([, words]) => words === view.error)).toEqual([])
    said.set(name, view.error ?? '')
  } finally {
    await trouble.heal()
  }
  const { keyring, seal } = await unseal(here, good)
  expect(String(Buffer.from((await getSealed(here.db, { ...here, seal: keyring }, place)) ?? []))).toBe('secret')
  seal.close()
  expect(await here.db.rootKey.count()).toBe(1)
  expect(await viewSeal(here, good)).toMatchObject({ status: 'unsealed', keyArn: KeyId(), error: null })
})

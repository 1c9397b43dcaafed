import { ListObjectVersionsCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { policyOf } from '#lib/aws/fixes/policy.ts'
import { shellWords } from '#lib/aws/fixes/test-read-back.ts'
import type { Remedy } from '#lib/aws/schema.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { SharedReaches } from '#lib/backup/shared-reaches.ts'
import { keyStatements } from '#lib/keys/key-policies.ts'
import { exchangeNow } from '#lib/rewrap/rewrap-for-tests.ts'
import { runShreds, settleMs } from '#lib/shred/run-shreds.ts'
import { previewShred } from '#lib/shred/select-backups.ts'
import { startShred } from '#lib/shred/start-shred.ts'
import { viewShred } from '#lib/shred/view-shreds.ts'
import { bucketStatements } from '#lib/storage/bucket-policies.ts'
import { startDeletion } from './delete-old-versions.ts'
import { proveRetired } from './prove-retired.ts'
import { reportText } from './report-text.ts'
import { runRetire, startProof } from './run-proof.ts'
import { deletionWord } from './schema.ts'
import { viewProof } from './view-proofs.ts'

// With the policies for everyday work alone, what goes through old versions is refused, and says what to add: added, it
// works; without any one action of that, it is refused again.

const bucket = 'vault-hosted-us-east-1'
const never = new AbortController().signal
const here = sandboxConsole()
let source: string
let old: string
let next: string

const statement = z.looseObject({ Sid: z.string(), Action: z.union([z.string(), z.array(z.string())]) })
type Statement = z.infer<typeof statement>
const documentSchema = z.object({ Statement: z.array(statement) })

beforeAll(async () => {
  old = here.key('backups')
  next = here.key('archive')
  source = here.makeSmallSource()
  await here.sandbox
    .s3()
    .send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  await here.save({ masterKey: old })
})

/** The console as a principal with the everyday policies and these statements. */
async function consoleWith(added: readonly Statement[]): Promise<BackupContext> {
  const { installation } = here.context
  const everyday = [
    ...bucketStatements({ bucket, folder: here.environment, partition: 'aws' }),
    ...[old, next].flatMap((resource) => keyStatements({ installation, environment: here.environment }, { resource })),
  ].map((one, index) => ({ ...one, Sid: `${one.Sid}${index}` }))
  const credentials = await here.sandbox.user('console', {
    ...policyOf(...everyday),
    Statement: [...everyday, ...added],
  })
  return { ...here.context, own: { ...here.context.own, credentials } }
}
/** A backup whose old envelope is an old version by now. */
async function rewrapped(): Promise<string> {
  const id = await here.complete(source)
  await exchangeNow(here.context, id, { from: old, to: next })
  return id
}
function policyIn(remedies: readonly Remedy[]): Statement[] {
  const [remedy] = remedies
  expect(remedy).toMatchObject({ label: 'IAM policy', note: expect.stringContaining('user console') })
  const text = remedy?.formats.find(({ format }) => format === 'json')?.text ?? ''
  return documentSchema.parse(JSON.parse(text)).Statement
}
const actionsOf = (statements: readonly Statement[]) => statements.flatMap(({ Action }) => Action).sort()
function oneLess(statements: readonly Statement[]): Statement[][] {
  return actionsOf(statements).map((action) =>
    statements
      .map((one) => ({ ...one, Action: [one.Action].flat().filter((name) => name !== action) }))
      .filter(({ Action }) => Action.length > 0),
  )
}

test('a proof reads old versions, and nothing more is allowed for it', async () => {
  await rewrapped()
  const versions = async (added: readonly Statement[]) =>
    (await proveRetired(await consoleWith(added), old, { by: actor })).report.oldVersions
  const { report } = await proveRetired(await consoleWith([]), old, { by: actor })
  const { unseen, remedies } = report.oldVersions
  expect(unseen).toContain('s3:ListBucketVersions')
  expect(reportText(report)).toContain('aws iam put-user-policy')
  const added = policyIn(remedies)
  expect(actionsOf(added)).toEqual(['s3:GetObjectVersion', 's3:ListBucketVersions'])
  expect(shellWords(remedies[0]?.formats.find(({ format }) => format === 'cli')?.text ?? '')).toContain(
    'put-user-policy',
  )
  expect(remedies[0]?.formats.map(({ format }) => format)).toEqual(['json', 'cli', 'terraform', 'cloudformation'])
  expect(await versions(added)).toMatchObject({ found: 1, unseen: null, remedies: [] })
  for (const less of oneLess(added)) {
    const seen = await versions(less)
    expect(seen).toMatchObject({ found: 0, unseen: expect.stringContaining('s3:') })
    expect(actionsOf(policyIn(seen.remedies))).toEqual(actionsOf(added))
  }
})

test('against a Deny no policy is offered to add: it says what to take away', async () => {
  await rewrapped()
  const denied = { Sid: 'Denied', Effect: 'Deny', Action: 's3:ListBucketVersions', Resource: '*' }
  const { unseen, remedies } = (await proveRetired(await consoleWith([denied]), old, { by: actor })).report.oldVersions
  expect(unseen).toContain('A Deny statement')
  expect(unseen).toContain('removes the Deny or narrows it')
  expect(remedies).toEqual([])
})

test('deleting what a proof found: three actions, on envelopes alone', async () => {
  await rewrapped()
  const reading = policyIn((await proveRetired(await consoleWith([]), old, { by: actor })).report.oldVersions.remedies)
  const context = await consoleWith(reading)
  const id = await startProof(context, old, actor)
  await runRetire(context, id, never)
  async function remove(added: readonly Statement[]) {
    const as = await consoleWith(added)
    const proof = await viewProof(here.db, id)
    await startDeletion(as, { id, word: deletionWord(proof?.deletable ?? 0) }, actor)
    await runRetire(as, id, never)
    return (await viewProof(here.db, id))?.deletion
  }
  const refused = await remove(reading)
  expect(refused).toMatchObject({ state: 'complete', deleted: 0 })
  const added = policyIn(refused?.remedies ?? [])
  const three = ['s3:DeleteObjectVersion', 's3:GetObjectVersion', 's3:ListBucketVersions']
  expect(actionsOf(added)).toEqual(three)
  // What was read already is not read again.
  for (const less of oneLess(added).filter((one) => actionsOf(one).includes('s3:GetObjectVersion')))
    expect(await remove(less)).toMatchObject({ deleted: 0, remedies: [{ label: 'IAM policy' }] })
  expect(await remove(added)).toMatchObject({ refused: 0, remedies: [] })

  // A version of backed up data stays out of reach.
  const Key = `${here.environment}/backups/x/segments/1/0`
  await here.sandbox.s3().send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'data' }))
  const { Versions = [] } = await here.sandbox.s3().send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: Key }))
  const reaches = new SharedReaches(await consoleWith(added))
  const place = {
    environmentId: here.environment,
    revision: await here.newest(),
    region: 'us-east-1',
    bucket,
    prefix: '',
  }
  const connection = await reaches.connect({ ...place, id: 'x' })
  await expect(connection.versions.delete({ key: Key, versionId: Versions[0]?.VersionId ?? '' })).rejects.toMatchObject(
    {
      code: 'denied',
    },
  )
  reaches.close()
})

test('crypto-shred says at once all that it needs, and goes on by itself when it has it', async () => {
  const ids = [await rewrapped(), await rewrapped()]
  const selection = { id: ids }
  const { digest, name } = await previewShred(here.db, selection)
  const id = await startShred(here.context, { selection, digest, name, reason: '', hours: 1 }, actor)
  let time = Date.now() - 3_600_000
  async function pass(added: readonly Statement[]) {
    time += 2 * 3_600_000
    await runShreds(await consoleWith(added), never, { now: () => new Date(time) })
    const view = await viewShred(here.db, id)
    if (!view) throw new Error('No request')
    return view
  }
  const refused = await pass([])
  expect(refused).toMatchObject({
    state: 'running',
    items: [{ error: expect.stringContaining('s3:ListBucketVersions') }, {}],
  })
  const added = policyIn(refused.remedies)
  expect(actionsOf(added)).toEqual(['s3:DeleteObjectVersion', 's3:GetObjectVersion', 's3:ListBucketVersions'])
  for (const less of oneLess(added).filter((one) => actionsOf(one).includes('s3:GetObjectVersion')))
    expect(actionsOf(policyIn((await pass(less)).remedies))).toEqual(actionsOf(added))
  expect(await pass(added)).toMatchObject({ state: 'running', remedies: [], items: [{ error: null }, { error: null }] })
  time += settleMs
  expect(await pass(added)).toMatchObject({ state: 'complete', destroyed: 2 })
})

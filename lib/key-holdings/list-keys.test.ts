import { CreateKeyCommand, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import type { KeyState } from '#lib/key-health/schema.ts'
import { askKey } from './ask-key.ts'
import { findKey } from './find-key.ts'
import { listKeys, viewKeys } from './list-keys.ts'
import { viewKey } from './view-key.ts'

const here = sandboxConsole()
let backups: string
let archive: string

beforeAll(async () => {
  backups = here.key('backups')
  archive = here.key('archive')
  await here.save({ masterKey: 'alias/archive' })
  await here.save({ masterKey: 'alias/backups', furtherKeys: [{ typed: 'alias/archive' }] })
  await here.save({ masterKey: 'alias/backups' })
})
beforeEach(async () => {
  await here.db.backup.deleteMany()
  await here.db.keyHealth.deleteMany()
})

const arnOf = (index: number) =>
  `arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
const rowOf = (keyIds: string[], state: 'complete' | 'running' | 'failed' = 'complete') => ({
  environmentId: here.environment,
  revision: 1,
  name: 'one',
  source: '/one',
  state,
  region: 'us-east-1',
  bucket: 'bucket',
  prefix: '',
  method: 'AWS-KMS',
  keyIds,
  bytes: 10n,
  createdBy: 'administrator@example.test',
})
const add = (...given: Parameters<typeof rowOf>) => here.db.backup.create({ data: rowOf(...given) })
const judged = (arn: string, state: KeyState, deletionDate?: Date) =>
  here.db.keyHealth.create({
    data: { arn, state, since: new Date(), nextCheckAt: new Date(), ...(deletionDate && { deletionDate }) },
  })
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)

test('what needs somebody soonest comes first, what nothing hangs on last', async () => {
  for (const index of [1, 2, 3, 4, 5]) await add([arnOf(index)])
  await add([arnOf(5)])
  await judged(arnOf(1), 'disabled')
  await judged(arnOf(2), 'pending deletion', inDays(20))
  await judged(arnOf(3), 'pending deletion', inDays(3))
  await judged(arnOf(4), 'healthy')
  await judged(arnOf(5), 'healthy')
  expect((await listKeys(here.db)).map(({ arn }) => arn)).toEqual([
    arnOf(3),
    arnOf(2),
    arnOf(1),
    backups,
    arnOf(5),
    arnOf(4),
    archive,
  ])
  const found = async (query: object) =>
    (await viewKeys(here.db, { text: undefined, state: undefined, page: 1, ...query })).rows.map(({ arn }) => arn)
  expect(await found({ state: 'pending deletion' })).toEqual([arnOf(3), arnOf(2)])
  expect(await found({ state: 'not needed' })).toEqual([archive])
  expect(await found({ text: 'ALIAS/arch' })).toEqual([archive])
  expect(await found({ text: '444455556666' })).toHaveLength(5)
  expect(await found({ text: 'nothing' })).toEqual([])
})

test('a page holds 50 keys; a page past the end is the last one', async () => {
  await here.db.backup.createMany({ data: Array.from({ length: 53 }, (_, index) => rowOf([arnOf(index)])) })
  const page = (number: number) => viewKeys(here.db, { text: undefined, state: undefined, page: number })
  expect(await page(1)).toMatchObject({ total: 55, found: 55, page: 1, pages: 2, rows: { length: 50 } })
  expect(await page(9)).toMatchObject({ page: 2, rows: { length: 5 } })
})

test('a key’s page: its backups, and which other way into each works', async () => {
  await add([arnOf(1), arnOf(2)])
  await add([arnOf(1), arnOf(3)], 'running')
  await add([arnOf(1)], 'failed')
  await judged(arnOf(3), 'refused')
  const view = await viewKey(here.db, arnOf(1), {})
  expect(view?.key).toMatchObject({ backups: 1, bytes: 10, otherWayIn: 1, lost: { backups: 0 }, underWay: 1 })
  expect(view?.backups.map(({ state, others }) => [state, others])).toEqual([
    ['running', [{ arn: arnOf(3), usable: false }]],
    ['complete', [{ arn: arnOf(2), usable: true }]],
  ])
  expect((await viewKey(here.db, arnOf(2), {}))?.key.environment).toBeNull()
  expect(await viewKey(here.db, arnOf(9), {})).toBeUndefined()
  expect((await viewKey(here.db, backups, {}))?.key).toMatchObject({
    environment: { as: 'main', revision: 3 },
    aliases: [{ name: 'alias/backups', inForce: true }],
  })
  expect((await viewKey(here.db, archive, {}))?.key).toMatchObject({
    environment: null,
    named: { revision: 2 },
    aliases: [{ name: 'alias/archive', inForce: false }],
  })
})

test('a key is found by ARN, by ID, and by an alias that was typed for it', async () => {
  const keys = await listKeys(here.db)
  for (const text of [backups, backups.slice(-36), 'alias/backups']) expect(findKey(keys, text).arn).toBe(backups)
  expect(() => findKey(keys, 'alias/nope')).toThrow('names a key “alias/nope”')
  const twice = keys.map((key) => ({ ...key, aliases: [{ name: 'alias/one', inForce: false }] }))
  expect(() => findKey(twice, 'alias/one')).toThrow('typed for several keys')
  const now = twice.map((key) => ({ ...key, aliases: [{ name: 'alias/one', inForce: key.arn === archive }] }))
  expect(findKey(now, 'alias/one').arn).toBe(archive)
})

test('what KMS says of a key, and where an alias points now', async () => {
  expect(await askKey(here.context, backups, ['alias/backups', 'alias/nope'])).toMatchObject({
    about: { ok: true, origin: 'AWS_KMS', multiRegion: false },
    rotation: { ok: true },
    lastUse: { ok: true },
    aliases: [
      { name: 'alias/backups', ok: true, pointsTo: backups },
      {
        name: 'alias/nope',
        ok: false,
        why: 'KMS finds nothing by this name: it was deleted, or is of an account that does not show it.',
      },
    ],
  })
  const kms = here.sandbox.kms()
  const { KeyMetadata: other } = await kms.send(new CreateKeyCommand({}))
  await kms.send(new UpdateAliasCommand({ AliasName: 'alias/backups', TargetKeyId: other?.KeyId }))
  expect((await askKey(here.context, backups, ['alias/backups'])).aliases).toMatchObject([{ pointsTo: other?.Arn }])
  await here.fail({ service: 'kms', operation: 'GetKeyLastUsage', effect: 'AccessDenied' })
  expect((await askKey(here.context, backups, [])).lastUse).toEqual({
    ok: false,
    why: 'kms:GetKeyLastUsage is not allowed to this console (AccessDeniedException); it works only within the key’s account.',
  })
  await here.sandbox.control('DELETE', 'faults')
})

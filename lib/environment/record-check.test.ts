import { beforeAll, expect, test } from 'vitest'
import { actor, settings } from '#lib/backup/console-for-tests.ts'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { type CheckReport, verdictOf } from '#lib/keys/schema.ts'
import { checkNamed, checkSaved } from './check-saved.ts'
import { recordCheck } from './record-check.ts'
import { saveEnvironment, testEnvironment } from './save-environment.ts'

const here = sandboxConsole()
let masterKey: string
beforeAll(async () => {
  masterKey = here.key('backups')
})

const rows = () => here.db.environmentCheck.findMany({ orderBy: { id: 'asc' } })
const outage = () => here.fail({ service: '*', operation: '*', effect: 'Outage' })
const run = (changes = {}) => testEnvironment(here.context, settings({ masterKey, ...changes }), actor)

test('nothing saved: there is nothing to check, but a key that is named can be', async () => {
  await expect(checkSaved(here.context, actor)).rejects.toMatchObject({ code: 'invalid' })
  const report = await checkNamed(here.context, { keys: ['alias/backups'], region: 'us-east-1' })
  expect(report).toMatchObject({ ok: true, keyArn: masterKey })
  expect(await rows()).toEqual([])
})

test('runs on what is saved are kept, others are not', async () => {
  expect(await run()).toMatchObject({ status: 'success', report: { ok: true } })
  expect(await rows()).toEqual([])
  expect(await saveEnvironment(here.context, settings({ masterKey }), 0, actor)).toMatchObject({ status: 'success' })
  await run()
  await run({ masterKey: 'alias/archive' })
  await checkSaved(here.context, 'byok')
  expect(await rows()).toMatchObject([
    { revision: 1, ok: true, createdBy: actor },
    { revision: 1, ok: true, createdBy: actor },
    { revision: 1, ok: true, createdBy: 'byok' },
  ])
})

test('an outage is no refusal: it keeps when the same settings were last seen to work', async () => {
  const at = (await rows()).at(-1)?.createdAt.toISOString()
  await outage()
  const tested = await run()
  const report = tested.status === 'success' ? tested.report : undefined
  expect(report).toMatchObject({ ok: false, lastGood: { at, revision: 1 } })
  expect(report && verdictOf(report)).toBe('unreachable')
  const failed = report?.checks.filter(({ status }) => status === 'failed')
  expect(failed?.length).toBeGreaterThan(0)
  for (const { title, detail, cause } of failed ?? []) expect(`${title} ${detail} ${cause}`).not.toMatch(/refused/i)
  // A second outage still knows it, and so does a save.
  expect(await checkSaved(here.context, actor)).toMatchObject({ lastGood: { at } })
  expect(await saveEnvironment(here.context, settings({ masterKey }), 1, actor)).toMatchObject({
    status: 'error',
    report: { lastGood: { at } },
  })
  // Of other settings nothing is known.
  expect(await run({ masterKey: here.key('archive') })).not.toHaveProperty('report.lastGood')
})

test('a refusal is one, whatever was good before', async () => {
  await here.fail({ service: 'kms', operation: 'Encrypt', effect: 'AccessDenied' })
  const report = await checkSaved(here.context, actor)
  expect(verdictOf(report)).toBe('failed')
  expect(report).not.toHaveProperty('lastGood')
})

test('the newest hundred are kept', async () => {
  const report: CheckReport = { ok: true, keyArn: null, region: 'us-east-1', durationMs: 1, checks: [] }
  for (let number = 1; number <= 105; number += 1)
    await recordCheck(here.db, here.environment, 1, { ...report, durationMs: number }, actor)
  const kept = await rows()
  expect(kept.length).toBe(100)
  expect(kept.map(({ report }) => Object(report).durationMs)).toEqual(Array.from({ length: 100 }, (_, at) => at + 6))
})

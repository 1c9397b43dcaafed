import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listAuditEvents } from '#lib/audit/list-events.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { auditQuerySchema } from '#lib/audit/schema.ts'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { backupQuerySchema } from './schema.ts'
import { viewBackup, viewBackups, viewProgress } from './view-backups.ts'

let database: TestDatabase
const key = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const total = 120

beforeAll(async () => {
  database = await openTestDatabase()
  const { db } = database
  const { id: environmentId } = await db.environment.findFirstOrThrow()
  for (let index = 0; index < total; index += 1) {
    await db.backup.create({
      data: {
        ...{ environmentId, revision: 1, region: 'us-east-1', bucket: 'b', prefix: '', createdBy: 'a@example.test' },
        name: `Backup ${index}`,
        source: `/srv/${index % 2 === 0 ? 'even' : 'odd'}/100%_done`,
        method: index % 3 === 0 ? 'AES-256' : 'AWS-KMS',
        keyIds: index % 3 === 0 ? ['root-key/x'] : [key],
        state: index === 7 ? 'failed' : index === 8 ? 'running' : 'complete',
        envelope: Buffer.from('only wrapped keys'),
        bytes: BigInt(index) * 2n ** 33n,
      },
    })
    await recordAudit(db, {
      actor: index % 2 === 0 ? 'a@example.test' : 'b@example.test',
      action: index % 3 === 0 ? 'backup.start' : 'backup.finish',
      outcome: index === 7 ? 'failed' : 'success',
      subject: `Backup ${index}`,
    })
  }
})
afterAll(() => database.close())

/** As the address bar gives it. */
const backups = (query: object = {}) =>
  viewBackups({ db: database.db, sourceRoots: [], restoreRoots: ['/r'] }, backupQuerySchema.parse(query))
const backup = (id: string) => viewBackup({ db: database.db, restoreRoots: ['/r'], installation: 'i' }, id)
const events = (query: object = {}) => listAuditEvents(database.db, auditQuerySchema.parse(query))
const hostile = [
  'x',
  '',
  '0',
  '-1',
  '1e99',
  '9'.repeat(40),
  'null',
  '\0',
  'a\0b',
  "'; DROP TABLE backup; --",
  '%',
  '🔑',
  '\ud800',
  '%00',
]

describe('the list of backups', () => {
  test('newest first, page by page, every one once', async () => {
    const names: string[] = []
    let before: string | undefined
    do {
      const page = await backups({ before })
      expect(page).toMatchObject({ hasBackups: true, hasEnvironment: false })
      names.push(...page.rows.map(({ name }) => name))
      before = page.nextBefore ?? undefined
    } while (before)
    expect(names).toEqual(Array.from({ length: total }, (_, index) => `Backup ${total - 1 - index}`))
  })

  test('is narrowed down by state and text, taken as it is', async () => {
    expect((await backups({ state: 'failed' })).rows.map(({ name }) => name)).toEqual(['Backup 7'])
    expect((await backups({ text: 'backup 11' })).rows.map(({ name }) => name)).toHaveLength(11)
    expect((await backups({ text: '/odd/100%_' })).rows).toHaveLength(50)
    expect((await backups({ text: '100x_done' })).rows).toHaveLength(0)
    // What LIKE takes for anything stands for itself, in names and in sources.
    for (const text of ['/odd/10__', '/odd/%0%', 'b_ckup', 'back%', '\\'])
      expect((await backups({ text })).rows, text).toHaveLength(0)
    expect((await backups({ text: key })).rows.every(({ keyArns }) => keyArns[0] === key)).toBe(true)
    expect((await backups({})).active.map(({ name }) => name)).toEqual(['Backup 8'])
  })

  test('says which are damaged: until a verification that looks at as much is clean', async () => {
    const { db } = database
    const { id: backupId } = await db.backup.findFirstOrThrow({ where: { name: 'Backup 100' } })
    const damaged = async () => {
      const [listed, shown] = [(await backups({ text: 'Backup 100' })).rows[0], await backup(backupId)]
      expect(listed?.damaged).toBe(shown?.damaged)
      expect(listed?.state).toBe('complete')
      return listed?.damaged
    }
    const verified = async (
      depth: 'quick' | 'full',
      problemCount: number,
      state: 'complete' | 'failed' = 'complete',
    ) => {
      await db.backupVerification.create({
        data: { backupId, depth, state, problemCount, createdBy: 'a@example.test' },
      })
      return damaged()
    }
    expect(await damaged()).toBe(false)
    expect(await verified('quick', 1)).toBe(true)
    // Nothing could be said.
    expect(await verified('full', 0, 'failed')).toBe(true)
    expect(await verified('quick', 0)).toBe(false)
    expect(await verified('full', 3)).toBe(true)
    // It sees no bytes.
    expect(await verified('quick', 0)).toBe(true)
    for (let again = 0; again < 10; again += 1) await verified('quick', 0)
    expect((await backup(backupId))?.verifications.at(-1)).toMatchObject({ depth: 'full', problemCount: 3 })
    expect(await verified('quick', 2)).toBe(true)
    expect(await verified('full', 0)).toBe(false)
    expect(await verified('quick', 1)).toBe(true)
    const { rows } = await backups()
    expect(rows.filter((one) => one.damaged).map(({ name }) => name)).toEqual(['Backup 100'])
    expect((await backups({ state: 'damaged' })).rows).toMatchObject([{ id: backupId, damaged: true }])
    expect((await backups({ state: 'damaged', text: 'Backup 101' })).rows).toEqual([])
    expect((await backups({ state: 'complete', text: 'Backup 100' })).rows).toEqual([])
    await db.backup.update({ where: { id: backupId }, data: { state: 'shredded' } })
    expect((await backups({ state: 'damaged' })).rows).toEqual([])
    expect(await backup(backupId)).toMatchObject({ state: 'shredded', damaged: false })
    await db.backup.update({ where: { id: backupId }, data: { state: 'complete' } })
    expect(await verified('full', 0)).toBe(false)
    expect((await backups({ state: 'damaged' })).rows).toEqual([])
  })

  test('each complete one is found under complete or damaged, page by page, and all of them for the shredder', async () => {
    const { db } = database
    const stored = await db.backup.findMany({ where: { state: 'complete' }, orderBy: { id: 'desc' } })
    // More than a page on end, then here and there.
    const broken = stored.filter((_, index) => index < 60 || index % 5 === 0)
    const createdBy = 'damage@example.test'
    await db.backupVerification.createMany({
      data: broken.map(({ id }) => ({ backupId: id, depth: 'full', state: 'complete', problemCount: 1, createdBy })),
    })
    const whole = stored.filter((one) => !broken.includes(one))
    for (const [state, expected] of [
      ['damaged', broken],
      ['complete', whole],
    ] as const) {
      const found: string[] = []
      let before: string | undefined
      do {
        const page = await backups({ state, before })
        expect(page.rows.every(({ damaged }) => damaged === (state === 'damaged'))).toBe(true)
        found.push(...page.rows.map(({ id }) => id))
        before = page.nextBefore ?? undefined
      } while (before)
      expect(found).toEqual(expected.map(({ id }) => id))
    }
    const context = { db, sourceRoots: [], restoreRoots: ['/r'] }
    const shredder = await viewBackups(context, { state: 'stored' })
    expect(shredder.rows.map(({ id }) => id)).toEqual(stored.slice(0, 50).map(({ id }) => id))
    await db.backupVerification.deleteMany({ where: { createdBy } })
  })

  test('shows key ARNs, not root keys, and nothing of the envelope', async () => {
    const { rows } = await backups({ text: 'Backup 119' })
    expect(rows).toMatchObject([{ keyArns: [key], method: 'AWS-KMS', bytes: 119 * 2 ** 33 }])
    expect((await backups({ text: 'Backup 117' })).rows).toMatchObject([{ keyArns: [], method: 'AES-256' }])
    expect(JSON.stringify(await backup(rows[0]?.id ?? ''))).not.toContain('envelope')
  })

  test.each(hostile)('anything in the address bar is a page, never an error: %j', async (value) => {
    for (const name of ['before', 'text', 'state']) {
      const page = await backups({ [name]: value })
      expect(page.hasBackups).toBe(true)
      if (name !== 'text') expect(page.rows).toHaveLength(50)
    }
    expect(await backup(value)).toBeUndefined()
    for (const kind of ['backup', 'restore'] as const)
      expect(await viewProgress({ db: database.db }, kind, value)).toBeUndefined()
  })
})

describe('the audit', () => {
  test('newest first, page by page, every one once', async () => {
    const subjects: string[] = []
    let before: string | undefined
    do {
      const page = await events({ before })
      subjects.push(...page.rows.map(({ subject }) => subject))
      before = page.nextBefore ?? undefined
    } while (before)
    expect(subjects).toEqual(Array.from({ length: total }, (_, index) => `Backup ${total - 1 - index}`))
  })

  test('is narrowed down by action, outcome and actor', async () => {
    expect((await events({ outcome: 'failed' })).rows).toMatchObject([{ subject: 'Backup 7', actor: 'b@example.test' }])
    const some = await events({ action: 'backup.start', actor: 'a@example.test' })
    expect(some.rows).toHaveLength(20)
    expect(some.nextBefore).toBeNull()
  })

  test.each(hostile)('anything in the address bar is a page, never an error: %j', async (value) => {
    for (const name of ['before', 'action', 'outcome', 'actor']) {
      const page = await events({ [name]: value })
      expect(page.rows.length).toBeLessThanOrEqual(50)
    }
  })
})

import { hostname } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { savedEnvironment } from '#lib/environment/access.ts'
import { backUpAgain } from './back-up-again.ts'
import { failureOf } from './backup-for-tests.ts'
import { cancelBackup } from './cancel-job.ts'
import { actor } from './console-for-tests.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'
import { createBackupRow, startBackup } from './start-backup.ts'
import { viewBackup } from './view-backups.ts'

const here = sandboxConsole({ masterKey: 'alias/backups' })

const repeatable = async (id: string) => (await viewBackup(here.context, id))?.repeatable
const { makeSmallSource } = here

test('a folder of which nothing came: the same source, patterns, name and host, in a row and job of its own', async () => {
  const source = makeSmallSource('again')
  const wish = { source, name: 'Named', include: ['*.txt'], exclude: ['b.txt'] }
  const id = await startBackup(here.context, wish, 'page', actor)
  expect(await repeatable(id)).toBe(false)
  expect(await failureOf(backUpAgain(here.context, id, actor))).toMatchObject({ code: 'conflict' })
  await cancelBackup(here.context, id, actor)
  expect(await repeatable(id)).toBe(true)

  const second = await backUpAgain(here.context, id, 'somebody@example.test')
  expect(second).not.toBe(id)
  expect(await here.db.backup.findUnique({ where: { id: second } })).toMatchObject({
    ...wish,
    host: hostname(),
    state: 'queued',
    createdBy: 'somebody@example.test',
    scheduleId: null,
  })
  expect(await here.db.backup.findUnique({ where: { id } })).toMatchObject({ state: 'cancelled' })

  // What turns other words round is escaped in a name, and not in the folder's own.
  const turned = makeSmallSource('exe\u202efdp')
  const unnamed = await startBackup(here.context, { source: turned, name: '' }, 'page', actor)
  const stored = await here.db.backup.findUniqueOrThrow({ where: { id: unnamed } })
  expect([stored.name, stored.source]).toEqual(['exe\\u202efdp', turned])
})

test('as from a page: a folder that pages may not read, a host without a worker, and what came once are refused', async () => {
  const { environmentId, revision } = await savedEnvironment(here.db)
  const failed = async (kind: 'folder' | 'file' | 'stream', place: string, host = hostname()) => {
    const source = { kind, path: place, host } as const
    const id = await createBackupRow(here.db, { environmentId, revision, name: 'n', source, actor })
    await here.db.backup.update({ where: { id }, data: { state: 'failed' } })
    return id
  }
  const outside = await failed('folder', path.dirname(here.root()))
  expect(await failureOf(backUpAgain(here.context, outside, actor))).toMatchObject({ code: 'denied' })
  const elsewhere = await failed('folder', makeSmallSource('elsewhere'), 'elsewhere.example.test')
  expect(await failureOf(backUpAgain(here.context, elsewhere, actor))).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('elsewhere.example.test'),
  })
  for (const kind of ['file', 'stream'] as const) {
    const once = await failed(kind, path.join(makeSmallSource('once'), 'a'))
    expect(await repeatable(once)).toBe(false)
    expect(await failureOf(backUpAgain(here.context, once, actor))).toMatchObject({ code: 'conflict' })
  }
  const gone = '00000000-0000-7000-8000-000000000000'
  expect(await failureOf(backUpAgain(here.context, gone, actor))).toMatchObject({ code: 'not-found' })
})

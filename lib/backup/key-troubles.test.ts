import { expect, test } from 'vitest'
import { watchedKey } from '#lib/key-health/watched-key-for-tests.ts'
import { viewBackup, viewBackups } from './view-backups.ts'

// The pipeline asks a key for Encrypt alone, once: that nothing opens a backup only the watch knows.

const here = watchedKey()
const { asked, failKms, newKey, pass, watched } = here

const show = (id: string) => viewBackup(here.context, id)
const listed = async () =>
  (await viewBackups(here.context, { text: undefined, state: undefined, before: undefined })).rows

test('a backup under a key that may no longer Decrypt says so, until the key may again', async () => {
  const before = await here.complete(here.makeSmallSource())
  expect(await show(before)).toMatchObject({ locked: false, keyTroubles: [] })
  await failKms({ operation: 'Decrypt', effect: 'AccessDenied' })
  // Until the next check is due, and three refusals in a row.
  await pass(20)
  await here.sandbox.control('DELETE', 'requests')
  const id = await here.complete(here.makeSmallSource())
  expect(await asked()).toEqual({ Encrypt: 1 })
  const refused = {
    arn: watched.arn,
    state: 'refused',
    checkedAt: new Date(watched.time).toISOString(),
    diagnosis: { title: expect.stringMatching(/^Decrypt was refused/), fix: expect.stringMatching(/./) },
  }
  for (const one of [id, before]) expect(await show(one)).toMatchObject({ locked: true, keyTroubles: [refused] })
  expect((await listed()).map(({ locked }) => locked)).toEqual([true, true])
  await here.sandbox.control('DELETE', 'faults')
  await pass(10)
  expect(await show(id)).toMatchObject({ locked: false, keyTroubles: [] })
})

test('with another key beside it a backup is not locked, and one that is no backup yet says nothing', async () => {
  const id = await here.complete(here.makeSmallSource())
  const other = await newKey()
  await here.db.backup.update({ where: { id }, data: { keyIds: [watched.arn, other] } })
  await here.db.keyHealth.updateMany({ data: { state: 'disabled' } })
  expect(await show(id)).toMatchObject({ locked: false, keyTroubles: [{ arn: watched.arn, state: 'disabled' }] })
  // In the middle of a re-wrap away from it.
  await here.db.backup.update({ where: { id }, data: { keyIds: [watched.arn], nextKeyIds: [other] } })
  expect(await show(id)).toMatchObject({ locked: false })
  await here.db.backup.update({ where: { id }, data: { nextKeyIds: [] } })
  expect(await show(id)).toMatchObject({ locked: true })
  await here.db.backup.update({ where: { id }, data: { state: 'failed' } })
  expect(await show(id)).toMatchObject({ locked: false, keyTroubles: [] })
})

test.each(['healthy', 'degraded', 'unreachable'])('a key that is %s opens it, now or later', async (state) => {
  const id = await here.complete(here.makeSmallSource())
  await here.db.keyHealth.updateMany({ data: { state } })
  expect(await show(id)).toMatchObject({ locked: false, keyTroubles: [] })
})

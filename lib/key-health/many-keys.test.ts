import { expect, test, vi } from 'vitest'
import { readKeyFacts } from '#lib/key-holdings/read-facts.ts'
import { followKeys, tryKeysNow, watchKeys } from './watch-keys.ts'
import { minute, times, watchedKey } from './watched-key-for-tests.ts'

vi.mock('#lib/key-holdings/read-facts.ts', { spy: true })

const here = watchedKey()
const { now, options } = here
const arns = Array.from(
  { length: 20 },
  (_, at) => `arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-0000000000${at + 10}`,
)
const readings = () => vi.mocked(readKeyFacts).mock.calls.length
const add = (keyIds: string[]) =>
  here.db.backup.create({
    data: {
      ...{ environmentId: here.environment, revision: 1, name: 'one', source: '/one', state: 'complete' },
      ...{ region: 'us-east-1', bucket: 'bucket', prefix: '', method: 'AWS-KMS', keyIds, createdBy: 'a@example.test' },
    },
  })
const state = (arn: string) => here.db.keyHealth.findUnique({ where: { arn }, select: { state: true } })

test('keys that go at once are weighed by one reading of what there is, each by how the others are then', async () => {
  for (const arn of arns) await add([arn])
  const [one = '', other = ''] = arns
  await here.db.backup.updateMany({ where: { keyIds: { has: one } }, data: { keyIds: [one, other] } })
  await followKeys(here.context, now())
  // The one is tried first, the other last.
  const due = (arn: string, ms: number) =>
    here.db.keyHealth.update({ where: { arn }, data: { nextCheckAt: new Date(now().getTime() + ms) } })
  await due(other, -minute)
  here.watched.time += minute
  await due(one, 0)
  vi.mocked(readKeyFacts).mockClear()
  // KMS knows none of them.
  await watchKeys(here.context, times, options)
  expect(readings()).toBe(1)
  for (const arn of arns) expect(await state(arn)).toEqual({ state: 'deleted' })
  const events = await here.db.keyEvent.findMany({ where: { arn: { in: arns } }, orderBy: { id: 'asc' } })
  expect(events).toHaveLength(arns.length)
  const ofBoth = events.filter(({ arn }) => arn === one || arn === other)
  expect(ofBoth).toMatchObject([
    { arn: other, dependents: { backups: 2, onlyWayIn: 1 } },
    { arn: one, dependents: { backups: 1, onlyWayIn: 1 } },
  ])

  vi.mocked(readKeyFacts).mockClear()
  await tryKeysNow(here.context, arns, times, options)
  // Once for what is needed; no state changes.
  expect(readings()).toBe(1)

  await here.db.backup.deleteMany()
  vi.mocked(readKeyFacts).mockClear()
  await followKeys(here.context, now())
  expect(readings()).toBe(2)
  expect(await here.db.keyHealth.count({ where: { arn: { in: arns } } })).toBe(0)
  expect(await here.db.alert.count({ where: { openFor: { in: arns } } })).toBe(0)
})

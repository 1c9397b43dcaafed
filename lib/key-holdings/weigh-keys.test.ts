import { expect, test } from 'vitest'
import { weighKeys } from './weigh-keys.ts'

test('thousands of keys are weighed by what each has, not each by what all have', () => {
  const keys = Array.from({ length: 500 }, (_, at) => `arn:aws:kms:us-east-1:111122223333:key/${at}`)
  let looks = 0
  const group = (keyIds: readonly string[]) => ({
    get keyIds() {
      looks += 1
      return keyIds
    },
    backups: 1,
    bytes: 10,
    oldest: new Date(0),
    newest: new Date(0),
  })
  const facts = {
    complete: [...keys.map((arn) => group([arn])), group(keys.slice(0, 2))],
    underWay: keys.map((arn) => group([arn])),
    revisions: [],
    inForce: undefined,
    schedules: { enabled: 0, paused: 0 },
    rootKeys: [],
  }
  const holdings = weighKeys(facts, () => true)
  expect(holdings).toHaveLength(500)
  expect(holdings[0]).toMatchObject({ backups: 2, otherWayIn: 1, lost: { backups: 1 }, underWay: 1 })
  expect(holdings[2]).toMatchObject({ backups: 1, otherWayIn: 0, lost: { backups: 1 }, underWay: 1 })
  expect(looks).toBeLessThan(10 * facts.complete.length)
})

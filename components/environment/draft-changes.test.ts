import { expect, test } from 'vitest'
import { emptyEnvironment } from '#lib/environment/schema.ts'
import { draftChanges } from './draft-changes.ts'

const saved = { ...emptyEnvironment, region: 'us-east-1', masterKey: 'alias/a' }
const changes = (draft: Partial<typeof saved>) => draftChanges(saved, { ...saved, ...draft }, 'hosted-{region}')

test('what is the same, or does not count, is no change', () => {
  expect(changes({})).toEqual({})
  expect(
    changes({ masterKey: ' "alias/a" ', bucket: 'ignored', accessKeyId: 'ignored', secretAccessKey: 'x' }),
  ).toEqual({})
})

test('a Region takes the hosted bucket along', () => {
  expect(changes({ region: 'us-west-2' })).toEqual({
    region: ['us-east-1', 'us-west-2'],
    bucket: ['hosted-us-east-1', 'hosted-us-west-2'],
  })
})

test('switching encryption off takes the keys away', () => {
  expect(changes({ encrypt: false })).toEqual({ method: ['AWS-KMS', 'none'], masterKey: ['alias/a', null] })
})

test('an own bucket and a secret: that one was entered, never what', () => {
  const own = { hosted: false, bucket: 'ours', credentials: 'access-key' as const, accessKeyId: 'AKIA' }
  expect(changes({ ...own, secretAccessKey: 'the-secret' })).toEqual({
    hosted: ['true', 'false'],
    bucket: ['hosted-us-east-1', 'ours'],
    credentials: ['default', 'access-key'],
    accessKeyId: [null, 'AKIA'],
    secretAccessKey: [null, 'entered'],
  })
  expect(changes({ furtherKeys: [{ typed: 'alias/b' }, { typed: 'alias/c' }] })).toEqual({
    furtherKeys: [null, 'alias/b, alias/c'],
  })
})

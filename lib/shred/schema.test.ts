import { expect, test } from 'vitest'
import { shredSelectionSchema } from './schema.ts'

test('a key may be pasted with spaces around it', () => {
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234'
  expect(shredSelectionSchema.parse({ key: ` ${arn}\n` })).toEqual({ key: arn })
  expect(shredSelectionSchema.safeParse({ key: ' ' }).success).toBe(false)
})

test.each([
  [{ schedule: 'nightly' }, 'Name a schedule by its ID: byok backup schedule list shows them.'],
  [{ id: 'nightly' }, 'Name backups by their IDs, as the list of backups shows them.'],
  [{ id: ['nightly'] }, 'Name backups by their IDs, as the list of backups shows them.'],
  [{ before: 'yesterday' }, 'Write a day, such as 2026-01-31.'],
  [{}, 'Choose at least one backup.'],
])('%j is refused with a sentence', (selection, message) => {
  expect(shredSelectionSchema.safeParse(selection).error?.issues[0]?.message).toBe(message)
})

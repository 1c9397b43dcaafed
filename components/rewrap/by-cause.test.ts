import { expect, test } from 'vitest'
import { byCause } from './by-cause.ts'

const [one, two, three] = [1, 2, 3].map((n) => `01a205e1-8ca0-7546-bbcc-d800e20b7e4${n}`)

test('what is said of several backups is said once, whichever backup each line names', () => {
  const failures = [one, two, three].map((id = '', at) => ({
    id,
    name: `n${at}`,
    cause: at === 1 ? 'It is gone.' : `The envelope of backup ${id} was changed: its HMAC differs.`,
    fix: at === 1 ? null : 'Look at it.',
  }))
  expect(byCause(failures)).toMatchObject([
    { cause: 'The envelope was changed: its HMAC differs.', fix: 'Look at it.', backups: [{ id: one }, { id: three }] },
    { cause: 'It is gone.', fix: null, backups: [{ id: two }] },
  ])
})

test('nor does the folder of an object, in which each one has its own, tell it from another', () => {
  const failures = [one, two].map((id = '', at) => ({
    id,
    name: `n${at}`,
    cause: `The object acme/installation/backups/${id}/envelope.json is not in bucket b.`,
    fix: null,
  }))
  expect(byCause(failures)).toMatchObject([
    {
      cause: 'The object acme/installation/backups/…/envelope.json is not in bucket b.',
      backups: [{ id: one }, { id: two }],
    },
  ])
})

test('what to do is another thing with the same cause', () => {
  const cause = `None of 2 keys opens backup ${one}: no.`
  expect(
    byCause([
      { id: one ?? '', name: 'a', cause, fix: null },
      { id: one ?? '', name: 'a', cause, fix: 'Wait.' },
    ]).map((alike) => [alike.cause, alike.fix]),
  ).toEqual([
    ['None of 2 keys opens it: no.', null],
    ['None of 2 keys opens it: no.', 'Wait.'],
  ])
})

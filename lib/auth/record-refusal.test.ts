import { expect, test } from 'vitest'
import { nobodyYet } from './people-for-tests.ts'
import { recordRefusal } from './record-refusal.ts'
import type { SessionUser } from './schema.ts'

const here = nobodyYet()

test('refusals are written down ten times in a quarter of an hour for each person and permission', async () => {
  const { db, people } = here
  const [viewer, operator] = [await people.add('viewer'), await people.add('operator')]
  const refuse = (who: SessionUser) => recordRefusal(db, who, 'user.manage', `the role ${who.role} does not allow it.`)
  await Promise.all(Array.from({ length: 100 }, () => refuse(viewer)))
  await refuse(operator)
  await recordRefusal(db, viewer, 'seal.read', 'the role viewer does not allow it.')
  const rows = await db.auditEvent.groupBy({
    by: ['actor', 'subject', 'outcome'],
    where: { action: 'access.refused', actor: { in: [viewer.email, operator.email] } },
    _count: true,
    orderBy: [{ actor: 'asc' }, { subject: 'asc' }],
  })
  expect(rows).toEqual([
    {
      actor: operator.email,
      outcome: 'refused',
      subject: 'Managing users: the role operator does not allow it.',
      _count: 1,
    },
    {
      actor: viewer.email,
      outcome: 'refused',
      subject: 'Managing users: the role viewer does not allow it.',
      _count: 10,
    },
    {
      actor: viewer.email,
      outcome: 'refused',
      subject: 'Seeing the seal: the role viewer does not allow it.',
      _count: 1,
    },
  ])
})

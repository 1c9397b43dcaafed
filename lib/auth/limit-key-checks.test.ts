import { expect, test } from 'vitest'
import { limitKeyChecks, mostKeyChecks } from './limit-key-checks.ts'
import { nobodyYet } from './people-for-tests.ts'

const here = nobodyYet()

test('of 1,000 checks that one person asks for at once, so many are made; the rest is refused and audited', async () => {
  const { db, people } = here
  const [administrator, operator] = [await people.add('administrator'), await people.add('operator')]
  const asked = await Promise.allSettled(
    Array.from({ length: 1000 }, () => limitKeyChecks(db, administrator, 'environment.change')),
  )
  const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(asked.length - refused.length).toBe(mostKeyChecks)
  expect(refused[0]).toMatchObject({
    code: 'denied',
    message: expect.stringContaining('you asked for 300 checks within 15 minutes'),
    fix: expect.stringMatching(/^Try again in 1[45] minutes\./),
  })
  // By whatever they go on, and nobody else is kept waiting.
  await expect(limitKeyChecks(db, administrator, 'key.check')).rejects.toThrow('Nothing was done')
  await limitKeyChecks(db, operator, 'key.check')

  const rows = await db.auditEvent.groupBy({
    by: ['actor', 'outcome', 'subject'],
    where: { action: 'access.refused' },
    _count: true,
    orderBy: { _count: { actor: 'desc' } },
  })
  const why = 'more than 300 checks of one person within 15 minutes.'
  const row = { actor: administrator.email, outcome: 'refused' }
  expect(rows).toEqual([
    { ...row, subject: `Changing the Backup Environment: ${why}`, _count: 10 },
    { ...row, subject: `Testing a key: ${why}`, _count: 1 },
  ])
})

import { expect, test } from 'vitest'
import { cuttableLine } from '#lib/cuttable-line-for-tests.ts'
import { patient } from '#lib/database-line.ts'
import { createDb } from '#lib/db.ts'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { askPatiently } from './ask-patiently.ts'

test('who waits outlives a line that was cut, and is told what goes on when there is none', async () => {
  const here = await openTestDatabase()
  const line = await cuttableLine(here.url)
  const db = createDb(line.url, { ...patient, silentMs: 2_000 })
  let away = 0
  const ask = (patienceMs = 60_000) =>
    askPatiently(() => db.user.findFirst(), {
      onAway: () => (away += 1),
      goesOn: 'The backup 7 goes on.',
      patienceMs,
    })
  try {
    expect(await ask()).toBeNull()
    line.hush()
    expect(await ask()).toBeNull()
    expect(away).toBeGreaterThanOrEqual(1)
    line.close()
    await expect(ask(200)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('cannot be reached'),
      fix: 'The backup 7 goes on.',
    })
  } finally {
    line.close()
    await db.$disconnect()
    await here.close()
  }
}, 90_000)

import { beforeEach, expect, test, vi } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { loseEachAnswer } from './lost-answers-for-tests.ts'
import { backingUp, deleting, restoring, rewrapping, shredding, verifying } from './lost-answers-works-for-tests.ts'

// The line to the database breaks beside each change that a worker makes there: it was done or not, and nobody can tell.

const here = sandboxConsole({ masterKey: 'alias/backups' })
// What a worker says of that is told elsewhere.
vi.spyOn(console, 'error').mockImplementation(() => undefined)
beforeEach(async () => {
  await here.db.shredItem.deleteMany()
  await here.db.shred.deleteMany()
  await here.db.backup.deleteMany()
})

test.each(Object.entries({ backingUp, deleting, restoring, rewrapping, shredding, verifying }))(
  '%s is done once, whatever the database could not be told or could not tell',
  async (name, work) => {
    const changes = await loseEachAnswer(here.context, here.url, await work(here))
    console.log(`${name}: ${changes} changes`)
    expect(changes).toBeGreaterThan(1)
  },
)

import { expect, onTestFinished, test, vi } from 'vitest'
import { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { loseEachAnswer } from './lost-answers-for-tests.ts'
import { backingUp } from './lost-answers-works-for-tests.ts'

const here = sandboxConsole({ masterKey: 'alias/backups' })

// Beside every change, and of restores, verifications, deletions, re-wraps and crypto-shreds as well: npm run test:soak
test('COMMIT was sent and its answer never came: a backup is made once all the same, whole', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => said.mockRestore())
  const commits = { changes: /(?:^|\0)COMMIT\b/, fates: ['unanswered'] } as const
  expect(await loseEachAnswer(here.context, here.url, backingUp(here), commits)).toBeGreaterThan(1)
}, 300_000)

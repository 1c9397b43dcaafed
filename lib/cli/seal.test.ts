import { existsSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { addUser } from '#lib/auth/add-user.ts'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { shareSandbox } from '#lib/backup/workers-for-tests.ts'
import { byok } from './byok-for-tests.ts'

const here = gatedConsole()
const person = { email: 'rosalind@example.test', name: 'R', password: 'correct horse battery' }
beforeAll(async () => {
  shareSandbox(here, here.sandbox)
  await addUser(here.db, { ...person, role: 'administrator' }, 'command line')
})

const kit = (name: string, passphrase: string) =>
  byok(['seal', 'recovery-kit', '--out', path.join(here.folder, name), '--user', person.email], {
    env: { DATABASE_URL: here.url, VAULT_DATA_DIR: here.context.dataDir },
    input: `${person.password}\n${passphrase}\n`,
  })

test.each([
  ['elevenchars', /The passphrase needs at least 12 characters\./],
  ['iloveyou2026!', /This passphrase cannot be used: it is known, with something before or after it\./],
  ['rosalind-backup', /This passphrase cannot be used: it is little more than the e-mail address/],
])('a recovery kit under %s is not made, and why is said', async (passphrase, why) => {
  const made = await kit('refused', passphrase)
  expect(made).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(why) })
  // On a screen that others see it is not shown again.
  expect(made.stderr).not.toContain(passphrase)
  expect(existsSync(path.join(here.folder, 'refused'))).toBe(false)
  expect(await here.db.auditEvent.count({ where: { action: 'seal.recovery-kit' } })).toBe(0)
})

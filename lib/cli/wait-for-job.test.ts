import { once } from 'node:events'
import { beforeAll, expect, test } from 'vitest'
import { gatedConsole } from '#lib/backup/gated-console-for-tests.ts'
import { shareSandbox } from '#lib/backup/workers-for-tests.ts'
import { startByok } from './byok-for-tests.ts'
import { afterInterrupt } from './wait-for-job.ts'

const here = gatedConsole()
beforeAll(async () => {
  await here.save({ masterKey: here.key('backups') })
  shareSandbox(here, here.sandbox)
})

test('Ctrl-C ends the waiting alone, and says where the backup is found again', async () => {
  const env = { DATABASE_URL: here.url, VAULT_DATA_DIR: here.context.dataDir }
  const child = startByok(['backup', 'create', here.makeSource('left-alone')], { env })
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const ended = once(child, 'close')
  await expect.poll(() => here.db.backup.count()).toBe(1)
  const { id } = await here.db.backup.findFirstOrThrow()
  // That it says, and so it follows it by now.
  await here.db.backup.update({ where: { id }, data: { state: 'waiting', waitingFor: 'key', error: 'An outage.' } })
  await expect.poll(() => printed).toBe('Waiting for the key, next try soon UTC. An outage.\n')
  child.kill('SIGINT')
  expect(await ended).toEqual([null, 'SIGINT'])
  expect(printed.split('\n').slice(1)).toEqual([
    `The backup ${id} goes on in the console: byok backup show ${id} says how it is, byok backup cancel ${id} ends it.`,
    '',
  ])
  expect(await here.row(id)).toMatchObject({ state: 'waiting' })
})

test.each([
  [
    'restore',
    'The restore JOB goes on in the console: byok backup show ID says how it is, byok backup cancel JOB ends it.',
  ],
  ['verification', 'The verification goes on in the console: byok backup show ID says what it finds.'],
] as const)('of a %s it names the backup that shows it', (kind, said) => {
  expect(afterInterrupt(kind, 'JOB', 'ID')).toBe(said)
})

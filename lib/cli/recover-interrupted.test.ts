import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openGate } from '#lib/aws/gate-for-tests.ts'
import { bucket, bucketAlone } from './bucket-alone-for-tests.ts'
import { startByok } from './byok-for-tests.ts'

const here = bucketAlone()
const mebibyte = 1024 * 1024

test('Ctrl-C in the middle says what is there, and what to do with it', async () => {
  // Of several segments, and the last one does not come.
  writeFileSync(path.join(here.place.source, 'large'), randomBytes(40 * mebibyte))
  await here.backUp('large', [here.arnOf('backups')])
  const gate = await openGate(here.target.info.endpoint)
  const hold = gate.hold(({ url }) => /\/segments\/1\/2\b/.test(url))
  const to = here.newTarget()
  const address = [`s3://${bucket}/a/prefix`, '--environment', 'env-7', '--endpoint', gate.endpoint]
  const args = ['recover', ...address, 'large', '--key', here.arnOf('backups'), '--to', to]
  const child = startByok(args, here.surroundings())
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'close')
  try {
    const first = await Promise.race([hold.arrived(1), ended])
    expect(first, `It ended by itself: ${said}`).toBeUndefined()
    const largest = () => Math.max(0, ...readdirSync(to).map((name) => statSync(path.join(to, name)).size))
    await expect.poll(() => existsSync(to) && largest()).toBeGreaterThan(16 * mebibyte)
    child.kill('SIGINT')
    expect(await ended).toEqual([null, 'SIGINT'])
  } finally {
    child.kill('SIGKILL')
    await ended
    hold.release()
    await gate.close()
  }
  expect(said).toBe(
    `Stopped. Not everything is in ${to}: what is there is whole but for a file .vault-restore-…, if one is there, and folders may lack their modes and times. Remove ${to}, or restore into a new folder.\n`,
  )
  expect(readdirSync(to)).toContainEqual(expect.stringMatching(/^\.vault-restore-/))
  here.madeNothing()
})

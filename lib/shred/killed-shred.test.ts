import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import type { Hold } from '#lib/aws/gate-for-tests.ts'
import { verifyCertificate } from './certificate.ts'
import { runShreds, settleMs } from './run-shreds.ts'
import { bucket as Bucket, hour, shreddingConsole } from './shredding-console-for-tests.ts'
import { certificateOf, viewShred } from './view-shreds.ts'

const here = shreddingConsole()
const { backUp, clock, pass, row, shred } = here

/** Of its envelope, in the bucket, and its delete markers. */
async function versionsOf(id = '') {
  const Prefix = `${here.environment}/backups/${id}/envelope.json`
  const { Versions = [], DeleteMarkers = [] } = await here.sandbox
    .s3()
    .send(new ListObjectVersionsCommand({ Bucket, Prefix }))
  return [Versions, DeleteMarkers]
}

test('killed after any of its calls, or written to once more by one thought dead, it ends the same', async () => {
  const ids = [await backUp('killed'), await backUp('killed')]
  const request = await shred({ id: ids }, 1)
  here.wait(hour)
  // Each run is ended by one call more than the one before; the sandbox counts them.
  for (let calls = 0; calls < 40; calls += 1) {
    const stop = new AbortController()
    let left = calls
    const ending = here.db.$extends({
      query: {
        $allOperations: async ({ args, query }) => {
          left -= 1
          if (left < 0) throw new Error('killed')
          return query(args)
        },
      },
    })
    const db = new Proxy(here.db, { get: (_, name) => Reflect.get(ending, name) })
    await runShreds({ ...here.context, db }, stop.signal, clock).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'killed') throw error
    })
    here.wait(11 * 60_000)
    const states = (await Promise.all(ids.map(row))).map(({ state }) => state)
    for (const state of states) expect(['complete', 'shredding', 'shredded']).toContain(state)
    if (states.every((state) => state === 'shredding') && calls < 30) {
      // Somebody thought dead stores an envelope after all.
      const Key = `${here.environment}/backups/${ids[0]}/envelope.json`
      await here.sandbox.s3().send(new PutObjectCommand({ Bucket, Key, Body: 'late' }))
    }
  }
  await pass(hour)
  await pass(settleMs)
  expect(await viewShred(here.db, request)).toMatchObject({ state: 'complete', destroyed: 2 })
  expect(await versionsOf(ids[0])).toEqual([[], []])
})

test('a worker killed (kill -9) in the middle again and again: it ends the same', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => backUp('killed for good')))
  const request = await shred({ id: ids }, 1)
  here.wait(hour)
  const killedAt = async (stuck: Hold) => {
    const { accessKeyId, secretAccessKey } = here.sandbox.administrator
    const place = [
      here.url,
      here.context.dataDir,
      here.context.own.endpoint ?? '',
      accessKeyId,
      secretAccessKey,
      String(clock.now().getTime()),
    ]
    const program = path.join(import.meta.dirname, 'killed-pass-for-tests.ts')
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...place], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = once(child, 'close')
    await Promise.race([stuck.arrived(1), ended])
    child.kill('SIGKILL')
    expect(await ended, `It ended by itself: ${said}`).toEqual([null, 'SIGKILL'])
    stuck.release()
    here.wait(11 * 60_000)
    for (const { state } of await Promise.all(ids.map(row)))
      expect(['complete', 'shredding', 'shredded']).toContain(state)
  }
  for (const passes of [3, 8]) {
    // So many of its calls to the bucket are answered; the next one is under way when it dies.
    let calls = 0
    await killedAt(
      here.gate.hold(({ operation }) => {
        if (operation === undefined) calls += 1
        return calls > passes
      }),
    )
  }
  // One envelope is deleted, and it dies before it hears of that.
  const unheard: string[] = []
  here.gate.loseAnswers(({ method, url }) => {
    if (method === 'DELETE') unheard.push(url)
    return method === 'DELETE'
  }, 1)
  await killedAt(here.gate.hold(({ operation }) => operation === undefined && unheard.length > 0))
  const deleted = ids.find((id) => unheard[0]?.includes(`/backups/${id}/envelope.json`))
  if (!deleted) throw new Error(`None of them was deleted: ${unheard[0]}`)
  expect(await versionsOf(deleted)).toEqual([[], []])
  expect(await row(deleted)).toMatchObject({ state: 'shredding' })
  await pass()
  await pass(settleMs)
  expect(await viewShred(here.db, request)).toMatchObject({ state: 'complete', destroyed: 6 })
  const { certificate } = verifyCertificate((await certificateOf(here.db, request)) ?? '')
  expect(certificate.shredded).toHaveLength(6)
  for (const { envelopes } of certificate.shredded)
    expect(envelopes.map(({ where }) => where).sort()).toEqual(['bucket', 'database'])
})

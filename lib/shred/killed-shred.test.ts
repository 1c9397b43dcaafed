import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { verifyCertificate } from './certificate.ts'
import { runShreds, settleMs } from './run-shreds.ts'
import { bucket as Bucket, hour, shreddingConsole } from './shredding-console-for-tests.ts'
import { certificateOf, viewShred } from './view-shreds.ts'

const here = shreddingConsole()
const { backUp, clock, pass, row, shred } = here

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
  const left = await here.sandbox
    .s3()
    .send(new ListObjectVersionsCommand({ Bucket, Prefix: `${here.environment}/backups/${ids[0]}/envelope.json` }))
  expect([left.Versions ?? [], left.DeleteMarkers ?? []]).toEqual([[], []])
})

test('a worker killed (kill -9) in the middle again and again: it ends the same', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => backUp('killed for good')))
  const request = await shred({ id: ids }, 1)
  here.wait(hour)
  for (const passes of [3, 8]) {
    // So many of its calls to the bucket are answered; the next one is under way when it dies.
    let calls = 0
    const stuck = here.gate.hold(({ operation }) => {
      if (operation === undefined) calls += 1
      return calls > passes
    })
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
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...place])
    const exited = once(child, 'exit')
    await Promise.race([stuck.arrived(1), exited])
    child.kill('SIGKILL')
    expect(await exited, 'It ended by itself.').toEqual([null, 'SIGKILL'])
    stuck.release()
    here.wait(11 * 60_000)
    for (const { state } of await Promise.all(ids.map(row)))
      expect(['complete', 'shredding', 'shredded']).toContain(state)
  }
  await pass()
  await pass(settleMs)
  expect(await viewShred(here.db, request)).toMatchObject({ state: 'complete', destroyed: 6 })
  const { certificate } = verifyCertificate((await certificateOf(here.db, request)) ?? '')
  expect(certificate.shredded).toHaveLength(6)
  for (const { envelopes } of certificate.shredded)
    expect(envelopes.map(({ where }) => where).sort()).toEqual(['bucket', 'database'])
})

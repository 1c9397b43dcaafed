import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from './free-port-for-tests.ts'
import { keepRunning } from './keep-running.ts'
import { webPart } from './parts.ts'
import { answerStart, newStart, proofHeader } from './start-proof.ts'

/** Stopped after the test. */
async function keepWeb(port: number) {
  const folder = mkdtempSync(path.join(tmpdir(), 'vault-web-'))
  const env = { port, host: '127.0.0.1' }
  const program = [path.join(import.meta.dirname, 'stand-ins', 'web.mjs')] as const
  const environment = { ...process.env, PORT: String(port), VAULT_HOST: env.host }
  const gaveUp = Promise.withResolvers<Error>()
  const kept = keepRunning(webPart(program, folder, env, environment), {
    onSpawn: () => undefined,
    onRestart: () => undefined,
    onGiveUp: gaveUp.resolve,
  })
  onTestFinished(async () => {
    await kept.stop(5_000)
    rmSync(folder, { recursive: true })
  })
  return { kept, gaveUp: gaveUp.promise }
}

test('another program that has taken the port is not taken for the console, and is told', async () => {
  const asked: (string | undefined)[] = []
  const foreign = createServer(({ headers }, response) => {
    asked.push(String(headers[proofHeader]))
    // As one would that repeats whatever it is sent.
    response.setHeader(proofHeader, headers[proofHeader] ?? '').end('{"status":"ok"}')
  }).listen(0, '127.0.0.1')
  await once(foreign, 'listening')
  const address = foreign.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  const { port } = address
  onTestFinished(() => void foreign.close().closeAllConnections())
  const { kept, gaveUp } = await keepWeb(port)
  const sentence = `Port ${port} on 127.0.0.1 is in use by another program.`
  await expect(kept.ready).rejects.toThrow(sentence)
  expect(await gaveUp).toMatchObject({ message: sentence, fix: `Set PORT to a free one, such as PORT=${port + 1}.` })
  expect(asked).not.toHaveLength(0)
  expect(new Set(asked).size).toBe(asked.length)
}, 60_000)

test('its own web server is known by what it alone can answer', async () => {
  const { kept } = await keepWeb(await freePort())
  await kept.ready
}, 60_000)

test('a proof is of one question and one start, and nobody else is told anything', () => {
  const [one, other] = [newStart(), newStart()]
  const { headers, isProof } = one.ask()
  const question = headers[proofHeader] ?? null
  const answer = (start: typeof one, asked = question) => answerStart(asked, start.environment)[proofHeader] ?? null
  expect(isProof(answer(one))).toBe(true)
  for (const wrong of [answer(other), one.ask().headers[proofHeader] ?? '', question, null, ''])
    expect(isProof(wrong)).toBe(false)
  expect(one.ask().isProof(answer(one))).toBe(false)
  for (const asked of [null, '', 'x'.repeat(32), 'a'.repeat(33)])
    expect(answerStart(asked, one.environment)).toEqual({})
  expect(answerStart(question, {})).toEqual({})
})

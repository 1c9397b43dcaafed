import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { logsOf } from './console.ts'
import { expect, keyOf, saveKey, test, tokenOf } from './fixtures.ts'
import { restored } from './restored.ts'
import { describeTree } from './tree.ts'

// None needs what another left: whichever worker is free takes the next.
test.describe.configure({ mode: 'parallel' })

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('a token sends 64 MiB as a stream; it comes back; everything else is refused', async ({
  signedIn,
  console,
  sandbox,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const token = await tokenOf(console, 'backup:create,backup:read')
  const address = `${console.url}/api/v1/backups`
  const authorization = { authorization: `Bearer ${token}` }
  const hash = createHash('sha256')
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = randomBytes(1024 * 1024)
      hash.update(piece)
      controller.enqueue(piece)
      sent += 1
      if (sent === 64) controller.close()
    },
  })
  let sent = 0
  const init = { method: 'PUT', body, headers: authorization, duplex: 'half' }
  const answer = await fetch(`${address}?name=stream&path=data.bin`, init)
  const made = await answer.json()
  expect([answer.status, made], JSON.stringify(made)).toMatchObject([
    201,
    { state: 'complete', name: 'stream', bytes: 64 * 1024 * 1024, files: 1, method: 'AWS-KMS' },
  ])
  expect(made.source).toBe('Upload of data.bin by API token upload test')
  expect(sha256(readFileSync(path.join(await restored(console, made.id), 'data.bin')))).toBe(hash.digest('hex'))

  const read = await fetch(`${address}/${made.id}`, { headers: authorization })
  expect([read.status, await read.json()]).toMatchObject([200, { id: made.id, state: 'complete' }])
  const list = await fetch(address, { headers: authorization })
  expect((await list.json()).backups).toContainEqual(expect.objectContaining({ id: made.id }))

  const put = (headers: Record<string, string>, query = '?name=x') =>
    fetch(address + query, { method: 'PUT', body: 'x', headers }).then(async (response) => ({
      status: response.status,
      ...(await response.json()),
    }))
  const reader = await tokenOf(console, 'backup:read')
  expect(await put({})).toMatchObject({ status: 401, message: expect.stringContaining('API token') })
  expect(await put({ authorization: 'Bearer vct_nonsense' })).toMatchObject({ status: 401 })
  expect(await put({ authorization: `Bearer ${reader}` })).toMatchObject({
    status: 403,
    message: expect.stringContaining('backup:create'),
  })
  expect(await put(authorization, '')).toMatchObject({ status: 400, message: expect.stringContaining('name') })
  expect(await put(authorization, '?name=x&path=../x')).toMatchObject({ status: 400 })
  // A session counts only for pages of this console.
  const [cookie] = await signedIn.context().cookies()
  const session = { cookie: `${cookie?.name}=${cookie?.value}` }
  expect(await put(session)).toMatchObject({ status: 403 })
  expect(await put({ ...session, origin: 'https://evil.example.com' })).toMatchObject({ status: 403 })
  expect(await put({ ...session, origin: console.url })).toMatchObject({ status: 201 })
  const progress = await fetch(`${console.url}/api/progress?of=backup:${made.id}`, { headers: authorization })
  expect(progress.status).toBe(403)

  const listed = await console.byok(['token', 'list', '--json'])
  const [{ id }] = JSON.parse(listed.stdout).filter((row: { start: string }) => token.startsWith(row.start))
  expect((await console.byok(['token', 'revoke', id])).code).toBe(0)
  expect(await put(authorization)).toMatchObject({ status: 401, message: expect.stringContaining('revoked') })

  // The token's text is nowhere but with who made it.
  const page = await signedIn.goto('/settings/api-tokens')
  expect(await page?.text()).not.toContain(token.slice(12))
  expect(await (await signedIn.goto('/audit'))?.text()).not.toContain(token.slice(12))
  expect(logsOf(console)).not.toContain(token.slice(12))
})

test('three uploads at once; a fourth is told to wait; one that is cut off leaves nothing', async ({
  signedIn,
  console,
  sandbox,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const headers = { authorization: `Bearer ${await tokenOf(console, 'backup:create,backup:read')}` }
  const address = `${console.url}/api/v1/backups`
  const ends: (() => void)[] = []
  const leaving = new AbortController()
  const hold = (name: string) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('the beginning'))
        ends.push(() => controller.close())
      },
    })
    const init = { method: 'PUT', body, headers, duplex: 'half', signal: leaving.signal }
    return fetch(`${address}?name=${name}`, init)
  }
  const running = async () => {
    const { backups } = await (await fetch(`${address}?state=running`, { headers })).json()
    return backups.length
  }
  const held = [hold('one'), hold('two'), hold('three')]
  for (const one of held) one.catch(() => {})
  await expect.poll(running).toBe(3)
  const fourth = await fetch(`${address}?name=four`, { method: 'PUT', body: 'x', headers })
  expect([fourth.status, fourth.headers.get('retry-after')]).toEqual([429, '10'])
  ends[0]?.()
  expect((await held[0])?.status).toBe(201)
  leaving.abort()
  await expect.poll(running).toBe(0)
  const { backups } = await (await fetch(`${address}?state=failed`, { headers })).json()
  for (const name of ['two', 'three'])
    expect(backups).toContainEqual(expect.objectContaining({ name, error: expect.stringContaining('sender stopped') }))
})

test('a token that is revoked in the middle ends what it sends; a body that is not the file is refused', async ({
  signedIn,
  console,
  sandbox,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const token = await tokenOf(console, 'backup:create,backup:read')
  const headers = { authorization: `Bearer ${token}` }
  const address = `${console.url}/api/v1/backups?name=revoked`
  const encoded = await fetch(address, {
    method: 'PUT',
    body: 'x',
    headers: { ...headers, 'content-encoding': 'gzip' },
  })
  expect([encoded.status, await encoded.json()]).toMatchObject([
    400,
    { message: expect.stringContaining('Content-Encoding: gzip') },
  ])
  // What a path says of itself is shown, and does nothing.
  const odd = await fetch(`${console.url}/api/v1/backups?name=odd&path=a%E2%80%AE%1B%5B31m`, {
    method: 'PUT',
    body: 'x',
    headers,
  })
  expect((await odd.json()).source).toContain('a\\u202e\\u001b[31m')

  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('the beginning')),
  })
  // Apart: the browser's types, which this file has as well, know no `duplex`.
  const streaming = { method: 'PUT', body, headers, duplex: 'half' }
  const sent = fetch(address, streaming)
  await expect
    .poll(async () => (await console.byok(['backup', 'list', '--json'])).stdout)
    .toMatch(/"name": "revoked",[^}]*"state": "running"/)
  const listed = await console.byok(['token', 'list', '--json'])
  const [{ id }] = JSON.parse(listed.stdout).filter((row: { start: string }) => token.startsWith(row.start))
  expect((await console.byok(['token', 'revoke', id])).code).toBe(0)
  const answer = await sent
  expect([answer.status, await answer.json()]).toMatchObject([
    422,
    { state: 'failed', error: expect.stringContaining('token revoked') },
  ])
})

test('standard input and a single file, from the command line', async ({ signedIn, console, sandbox }) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const input = 'line\n'.repeat(500_000)
  const made = await console.byok(['backup', 'create', '-', '--name', 'dump', '--path', 'dump.sql', '--json'], {
    input,
  })
  expect(made.code, made.stderr).toBe(0)
  const { id, ...row } = JSON.parse(made.stdout)
  expect(row).toMatchObject({ state: 'complete', name: 'dump', source: 'Standard input', bytes: input.length })
  expect(readFileSync(path.join(await restored(console, id), 'dump.sql'), 'utf8')).toBe(input)

  const file = path.join(console.folder, 'single.bin')
  writeFileSync(file, randomBytes(100_000))
  const single = await console.byok(['backup', 'create', file, '--json'])
  expect(single.code, single.stderr).toBe(0)
  const target = await restored(console, JSON.parse(single.stdout).id)
  expect(Object.keys(describeTree(target)).length).toBeGreaterThan(0)
  expect(sha256(readFileSync(path.join(target, 'single.bin')))).toBe(sha256(readFileSync(file)))
})

test('an upload of 400 MiB grows the web process by no more than its segments', async ({
  signedIn,
  console,
  sandbox,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const headers = { authorization: `Bearer ${await tokenOf(console, 'backup:create')}` }
  const listener = spawn('sh', [
    '-c',
    `ss -ltnpH "sport = :${new URL(console.url).port}" | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p' | head -1`,
  ])
  let pid = ''
  listener.stdout.setEncoding('utf8').on('data', (text: string) => (pid += text))
  await once(listener, 'close')
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid.trim()}/status`, 'utf8'))?.[1]) / 1024
  test.skip(pid.trim() === '', 'This machine does not say which process listens.')
  const piece = randomBytes(1024 * 1024)
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(piece)
      sent += 1
      if (sent === 400) controller.close()
    },
  })
  const before = rss()
  let most = before
  let over = false
  const watching = (async () => {
    while (!over) {
      most = Math.max(most, rss())
      await delay(50)
    }
  })()
  const init = { method: 'PUT', body, headers, duplex: 'half' }
  const answer = await fetch(`${console.url}/api/v1/backups?name=large`, init)
  over = true
  await watching
  expect(answer.status).toBe(201)
  test
    .info()
    .annotations.push({ type: 'MiB', description: `${Math.round(before)} before, ${Math.round(most)} at most` })
  expect(most - before).toBeLessThan(320)
})

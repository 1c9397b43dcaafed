import { randomBytes } from 'node:crypto'
import { sendWhole } from '#lib/upload/send-whole-for-tests.ts'
import { expect, keyOf, saveKey, test, tokenOf } from './fixtures.ts'

// Neither needs what the other left: whichever worker is free takes the next.
test.describe.configure({ mode: 'parallel' })

test('an upload that is sent again with its key is one backup; another with the same key is refused', async ({
  signedIn,
  console,
  sandbox,
}) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const authorization = `Bearer ${await tokenOf(console, 'backup:create,backup:read')}`
  const address = `${console.url}/api/v1/backups`
  const ask = async (key: string, query: string, init: RequestInit) => {
    const headers = { authorization, 'idempotency-key': key }
    const answer = await fetch(`${address}?${query}`, { headers, ...init })
    const replayed = answer.headers.get('idempotency-replayed')
    return { status: answer.status, replayed, waits: answer.headers.get('retry-after'), ...(await answer.json()) }
  }
  const body = randomBytes(8 * 1024 * 1024)
  const put = (key: string, query = 'name=again&path=a.bin', content: Uint8Array<ArrayBuffer> = body) =>
    ask(key, query, { method: 'PUT', body: content })
  const first = await put('"one and the same"')
  expect(first).toMatchObject({ status: 201, replayed: null, state: 'complete', bytes: body.length })
  expect(await put('"one and the same"')).toEqual({ ...first, replayed: 'true' })
  for (const [query, content] of [
    ['name=other&path=a.bin', body],
    ['name=again&path=b.bin', body],
    ['name=again&path=a.bin', body.subarray(1)],
  ] as const)
    expect(await put('"one and the same"', query, content)).toMatchObject({
      status: 422,
      replayed: null,
      message: expect.stringMatching(`^This Idempotency-Key was sent with .* backup ${first.id}`),
    })
  expect(await put('one and the same')).toMatchObject({
    status: 400,
    message: expect.stringMatching(/Idempotency-Key/),
  })

  const form = (content: string) => {
    const data = new FormData()
    data.set('files', JSON.stringify([{ path: 'a', size: content.length }]))
    data.append('file', new Blob([content]), 'a')
    return { method: 'POST', body: data }
  }
  const files = await ask('form', 'name=files', form('abc'))
  expect(files).toMatchObject({ status: 201, replayed: null, files: 1 })
  expect(await ask('"form"', 'name=files', form('abc'))).toEqual({ ...files, replayed: 'true' })
  expect(await ask('form', 'name=files', form('abcd'))).toMatchObject({ status: 422 })

  // Cut off in the middle: under way until the console has noticed, then free for the next try.
  const leaving = new AbortController()
  const begun = fetch(`${address}?name=cut`, {
    method: 'PUT',
    headers: { authorization, 'idempotency-key': 'cut' },
    body: new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(Buffer.from('the beginning')) }),
    duplex: 'half',
    signal: leaving.signal,
  } as RequestInit)
  begun.catch(() => {})
  const again = () => put('cut', 'name=cut', Buffer.from('the whole'))
  const listed = async () =>
    (await (await fetch(`${address}?state=running`, { headers: { authorization } })).json()).backups
  await expect.poll(async () => (await listed()).map(({ name }: { name: string }) => name)).toContain('cut')
  expect(await again()).toMatchObject({ status: 409, waits: '10', message: expect.stringMatching(/still under way/) })
  leaving.abort()
  await expect.poll(async () => (await again()).status).toBe(201)
})

test('a large form that is answered from before can be sent to its end', async ({ signedIn, console, sandbox }) => {
  await saveKey(signedIn, keyOf(sandbox, 'us-east-1', 'backups'))
  const authorization = `Bearer ${await tokenOf(console, 'backup:create')}`
  const content = randomBytes(50 * 1024 * 1024)
  const send = (name: string) => {
    const form = new FormData()
    form.set('files', JSON.stringify([{ path: 'large', size: content.length }]))
    form.append('file', new Blob([content]), 'large')
    const headers = { authorization, 'idempotency-key': 'large' }
    return sendWhole(`${console.url}/api/v1/backups?name=${name}`, form, headers)
  }
  const first = await send('large')
  expect(first).toMatchObject({ status: 201, body: { state: 'complete', bytes: content.length } })
  const again = { status: 201, headers: { 'idempotency-replayed': 'true' }, body: first.body }
  expect(await send('large')).toMatchObject(again)
  expect(await send('other')).toMatchObject({ status: 422 })
})

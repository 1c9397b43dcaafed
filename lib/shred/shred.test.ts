import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { actor } from '#lib/backup/console-for-tests.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { restoreNow } from '#lib/backup/jobs-for-tests.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { viewBackup } from '#lib/backup/view-backups.ts'
import { messageOf } from '#lib/errors.ts'
import { exchangeNow } from '#lib/rewrap/rewrap-for-tests.ts'
import { verifyCertificate } from './certificate.ts'
import { settleMs } from './run-shreds.ts'
import { previewShred } from './select-backups.ts'
import { bucket as Bucket, hour, shreddingConsole } from './shredding-console-for-tests.ts'
import { signingKey } from './signing-key.ts'
import { startShred } from './start-shred.ts'
import { undoShred } from './undo-shred.ts'
import { certificateOf, viewShred, viewShredAhead } from './view-shreds.ts'

const never = new AbortController().signal
const here = shreddingConsole()
const { backUp, clock, pass, row, shred } = here

async function restore(backupId: string): Promise<string | null> {
  return (await restoreNow(here.context, backupId, here.newTarget())).error
}
/** Every byte of the bucket, old versions and all. */
async function wholeBucket(): Promise<Buffer> {
  const s3 = here.sandbox.s3()
  const all: Buffer[] = []
  for (let marker: object = {}; ; ) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket, ...marker }))
    for (const { Key, VersionId } of page.Versions ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))
      all.push(Buffer.from((await Body?.transformToByteArray()) ?? []))
    }
    if (!page.IsTruncated) return Buffer.concat(all)
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
  }
}
/** Every value of every row of every table, as text and, of bytes, in hexadecimal. */
async function wholeDatabase(): Promise<string> {
  const client = new Client({ connectionString: here.url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    )
    let text = ''
    for (const { name } of rows) {
      const dump = await client.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`)
      text += dump.rows.map(({ line }) => line).join('\n')
    }
    return text
  } finally {
    await client.end()
  }
}
/** What opens it, as the bucket and the database hold it. */
async function ciphertextsOf(id: string): Promise<{ bytes: Buffer; base64: string; hex: string }[]> {
  const { envelope } = await row(id)
  const { wraps }: { wraps: { ciphertext: string }[] } = JSON.parse(Buffer.from(envelope ?? []).toString('utf8'))
  return wraps.map(({ ciphertext: base64 }) => {
    const bytes = Buffer.from(base64, 'base64')
    return { bytes, base64, hex: bytes.toString('hex') }
  })
}

test('one that came due while nobody could see it waits one more hour, in which it can be undone', async () => {
  const id = await backUp('unseen')
  const [request, other] = [await shred({ id: [id] }, 1), await shred({ id: [await backUp('other')] }, 24)]
  // As with a database that was put back, or a console that was switched off for a day.
  await pass(23 * hour)
  const dueAt = new Date(clock.now().getTime() + hour).toISOString()
  expect(await viewShred(here.db, request)).toMatchObject({ state: 'waiting', dueAt })
  expect(await here.db.auditEvent.findFirst({ where: { action: 'shred.postpone' } })).toMatchObject({
    actor: 'console',
    subject: expect.stringContaining(request),
  })
  await undoShred(here.db, request, actor)
  expect(await restore(id)).toBeNull()
  // Whoever comes within the hour, as every pass of a worker does, finds nothing to postpone.
  await pass(2 * hour)
  expect(await viewShred(here.db, other)).toMatchObject({ state: 'running' })
  expect(await here.db.auditEvent.count({ where: { action: 'shred.postpone' } })).toBe(1)
})

test('restorable until it is due; then no wrap is left anywhere, and a certificate says so', async () => {
  const id = await backUp('payroll')
  const kept = await backUp('payroll')
  const first = await ciphertextsOf(id)
  await exchangeNow(here.context, id, { from: here.key('backups'), to: here.key('archive') })
  const ciphertexts = [...first, ...(await ciphertextsOf(id))]
  const holds = async (hay: { bucket: Buffer; database: string }) =>
    ciphertexts.map(({ base64, hex }) => [hay.bucket.includes(base64), hay.database.includes(hex)])
  // In the bucket's old version and the current one; in the row the current one, as the bytes of its JSON.
  const before = { bucket: await wholeBucket(), database: await wholeDatabase() }
  expect((await holds(before)).map(([bucket]) => bucket)).toEqual([true, true])
  const inHex = Buffer.from(ciphertexts[1]?.base64 ?? '').toString('hex')
  expect(before.database).toContain(inHex)

  const request = await shred({ id: [id] })
  expect(await viewShredAhead(here.db)).toMatchObject({ id: request, requests: 1, backups: 1 })
  expect((await here.db.notice.findMany()).map(({ actor, link }) => [actor, link])).toEqual([
    [actor, `/backups/shred/${request}`],
  ])
  expect(await restore(id)).toBeNull()
  const refused = expect.stringMatching(/^This backup is to be shredded on 2.* UTC\. Undo that first/)
  await expect(deleteBackup(here.context, id, actor).catch(messageOf)).resolves.toEqual(refused)
  expect(await viewBackup(here.context, id)).toMatchObject({ toBeShredded: refused })
  expect(await viewBackup(here.context, kept)).toMatchObject({ toBeShredded: null })
  await expect(shred({ id: [id] })).rejects.toMatchObject({ code: 'invalid' })
  await pass(71 * hour)
  expect((await row(id)).state).toBe('complete')

  await pass(hour)
  expect((await row(id)).state).toBe('shredding')
  await expect(restore(id)).rejects.toThrow('is shredding, so there is nothing to restore')
  await pass(settleMs)
  expect(await row(id)).toMatchObject({ state: 'shredded', envelope: null, keyIds: [] })
  const after = { bucket: await wholeBucket(), database: await wholeDatabase() }
  expect((await holds(after)).flat()).toEqual([false, false, false, false])
  for (const { base64 } of ciphertexts) expect(after.database).not.toContain(Buffer.from(base64).toString('hex'))
  expect(await restore(kept)).toBeNull()
  expect(await viewShred(here.db, request)).toMatchObject({ state: 'complete', destroyed: 1, certified: true })
  expect(await viewShredAhead(here.db)).toBeNull()

  const text = (await certificateOf(here.db, request)) ?? ''
  const { certificate, fingerprint } = verifyCertificate(text)
  expect(fingerprint).toBe((await signingKey(here.context)).fingerprint)
  expect(certificate).toMatchObject({
    issue: 1,
    request: { id: request, name: 'payroll', by: actor, reason: 'End of contract' },
    shredded: [{ backup: id, keys: [here.key('archive')], bytes: 5 }],
    notShredded: [],
  })
  // Both generations, by their SHA-256.
  const [item] = certificate.shredded
  expect(item?.envelopes.filter(({ where }) => where === 'bucket')).toHaveLength(2)
  const ofDatabase = item?.envelopes.find(({ where }) => where === 'database')?.sha256
  expect(item?.envelopes.filter(({ sha256 }) => sha256 === ofDatabase)).toHaveLength(2)
  const actions = (await here.db.auditEvent.findMany({ where: { subject: { contains: request } } })).map(
    (e) => e.action,
  )
  expect(actions).toEqual(['shred.request', 'shred.begin', 'shred.finish'])
  // Its row may go now, and the certificate stays.
  await deleteBackup(here.context, id, actor)
  expect(await certificateOf(here.db, request)).toBe(text)
})

test('a certificate of which anything was changed is refused, and openssl says the same', async () => {
  const id = await backUp('ledger')
  const request = await shred({ id: [id] }, 1)
  await pass(hour)
  await pass(settleMs)
  const text = (await certificateOf(here.db, request)) ?? ''
  verifyCertificate(text)
  for (const [from, to] of [
    ['"name": "ledger"', '"name": "other"'],
    ['"bytes": 5', '"bytes": 6'],
    ['"notShredded": []', '"notShredded": [],\n "more": 1'],
    ['  ', '   '],
  ] as const) {
    expect(text).toContain(from)
    expect(() => verifyCertificate(text.replace(from, to))).toThrow('is not genuine')
  }
  const other = (await signingKey({ ...here.context, installation: crypto.randomUUID() })).pem
  const forged = JSON.parse(text)
  forged.signature.publicKey = other
  expect(() => verifyCertificate(`${JSON.stringify(forged, null, 2)}\n`)).toThrow('is not genuine')

  // As docs/keys.md has it, with nothing of this project.
  const folder = mkdtempSync(path.join(tmpdir(), 'certificate-'))
  try {
    writeFileSync(path.join(folder, 'certificate.json'), text)
    const docs = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'keys.md'), 'utf8')
    const script = /```sh\n(# verify a certificate[\s\S]*?)```/.exec(docs)?.[1] ?? ''
    const run = () => execFileSync('bash', ['-euc', script], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
    expect(run()).toContain('Signature Verified Successfully')
    expect(run()).toContain((await signingKey(here.context)).fingerprint)
    writeFileSync(path.join(folder, 'certificate.json'), text.replace('"bytes": 5', '"bytes": 6'))
    expect(run).toThrow()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('of an undo and a worker that begins at the same moment, one wins, and either way nothing is in between', async () => {
  for (let round = 0; round < 6; round += 1) {
    const id = await backUp('race')
    const request = await shred({ id: [id] }, 1)
    here.wait(hour)
    const [undone] = await Promise.allSettled([
      undoShred(here.db, request, 'other@example.test', clock.now()),
      undoShred(here.db, request, 'third@example.test', clock.now()).catch(() => {}),
      pass(),
    ])
    // A row that an undo still held was left for the pass after.
    await pass()
    await pass(settleMs)
    const view = await viewShred(here.db, request)
    const state = (await row(id)).state
    if (view?.state === 'undone') expect([state, await restore(id)]).toEqual(['complete', null])
    else expect([undone.status, view?.state, state]).toEqual(['rejected', 'complete', 'shredded'])
    await expect(undoShred(here.db, request, actor)).rejects.toMatchObject({ code: 'conflict' })
  }
})

test('what is restored, or gets other keys, at that moment is waited for', async () => {
  const id = await backUp('busy')
  const request = await shred({ id: [id] }, 1)
  const target = here.newTarget('busy')
  const running = await startRestore(here.context, { backupId: id, target }, 'page', actor)
  await pass(hour)
  expect(await viewShred(here.db, request)).toMatchObject({
    items: [{ state: 'waiting', error: expect.stringContaining('being restored') }],
  })
  await runRestore(here.context, running, never)
  expect((await here.db.restore.findUniqueOrThrow({ where: { id: running } })).state).toBe('complete')
  await here.db.backup.update({
    where: { id },
    data: { nextEnvelope: Buffer.from('x'), nextEnvelopeSha256: 'a'.repeat(64) },
  })
  await pass(60_000)
  expect(await viewShred(here.db, request)).toMatchObject({ items: [{ error: expect.stringContaining('exchanged') }] })
  // One that died in the middle does not hold it up for ever.
  await pass(hour)
  await pass(settleMs)
  expect((await row(id)).state).toBe('shredded')
})

test('Object Lock keeps a version: told with its cause, the others are certified, and later all', async () => {
  const s3 = here.sandbox.s3()
  await s3.send(
    new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }),
  )
  const ids = [await backUp('locked'), await backUp('locked')]
  const Key = `${here.environment}/backups/${ids[0]}/envelope.json`
  await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: 'ON' } }))
  const request = await shred({ id: ids }, 1)
  await pass(hour)
  await pass(settleMs)
  const view = await viewShred(here.db, request)
  expect(view).toMatchObject({ state: 'running', destroyed: 1, certified: true })
  expect(view?.items[0]).toMatchObject({ backupId: ids[0], error: expect.stringContaining('Object Lock') })
  const first = verifyCertificate((await certificateOf(here.db, request)) ?? '').certificate
  expect(first).toMatchObject({ issue: 1, shredded: [{ backup: ids[1] }], notShredded: [{ backup: ids[0] }] })
  await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: 'OFF' } }))
  await pass(hour)
  await pass(settleMs)
  const last = verifyCertificate((await certificateOf(here.db, request)) ?? '').certificate
  expect(last).toMatchObject({ issue: 2, shredded: [{ backup: ids[0] }, { backup: ids[1] }], notShredded: [] })
})

test('a source that would lose its last restore point is named, with its host', async () => {
  for (const name of ['here', 'there']) await backUp(name)
  const { id: there, source, host } = await here.db.backup.findFirstOrThrow({ where: { name: 'there' } })
  await here.db.backup.update({ where: { id: there }, data: { host: 'other.example' } })
  onTestFinished(async () => void (await here.db.backup.update({ where: { id: there }, data: { host } })))
  const all = await here.db.backup.findMany({ where: { source, host, state: 'complete' } })
  const lastOf = async (...id: string[]) => (await previewShred(here.db, { id })).lastOf
  const ids = all.map(({ id }) => id)
  expect(ids.length).toBeGreaterThan(0)
  expect(await lastOf(there, ...ids.slice(1))).toEqual([{ source, host: 'other.example' }])
  const both = await lastOf(there, ...ids)
  expect(both).toHaveLength(2)
  expect(both).toContainEqual({ source, host })
  expect(both).toContainEqual({ source, host: 'other.example' })
})

test('what cannot be shredded is left out in words, and the set must be the one that was shown', async () => {
  const id = await backUp('one')
  const { digest, name } = await previewShred(here.db, { key: here.key('archive') })
  expect(name).toMatch(/^\d+ backups?$|^one$/)
  const failed = await here.start(here.makeSmallSource(), { name: 'queued' })
  const preview = await previewShred(here.db, { id: [id, failed] })
  expect(preview).toMatchObject({
    count: 1,
    name: 'one',
    leftOut: [{ id: failed, why: 'It is queued, not complete.' }],
  })
  const wish = { selection: { id: [id] }, reason: '', hours: 1 }
  await expect(startShred(here.context, { ...wish, digest, name: 'one' }, actor)).rejects.toMatchObject({
    code: 'conflict',
  })
  await expect(startShred(here.context, { ...wish, digest: preview.digest, name: 'two' }, actor)).rejects.toMatchObject(
    {
      code: 'invalid',
    },
  )
  await here.db.backup.delete({ where: { id: failed } })
})

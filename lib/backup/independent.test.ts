// Reads a backup as docs/format.md describes it, with the AWS Encryption SDK, zstd and tar.
// The reader itself, `recover`, uses nothing of this project.

import { execFileSync } from 'node:child_process'
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import {
  buildClient,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { extract } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import { TestKey } from './test-keys.ts'
import { writeBackup } from './write-backup.ts'

interface Bucket {
  get(name: string): Buffer
}
type Unwrap = (ciphertext: Buffer, context: Record<string, string>) => Promise<Uint8Array>

async function recover(bucket: Bucket, folder: string, ids: Record<string, string>, unwrap: Unwrap | 'none') {
  let open = async (object: Buffer, _purpose: Record<string, string>) => zstdDecompressSync(object)
  if (unwrap !== 'none') {
    const { hmac, ...body } = JSON.parse(bucket.get(`${folder}/envelope.json`).toString())
    const context = { format: '1', ...ids }
    const backupKey = await unwrap(Buffer.from(body.wraps[0].ciphertext, 'base64'), {
      ...context,
      purpose: 'backup-key',
    })
    const hmacKey = Buffer.from(hkdfSync('sha512', backupKey, '', 'vault-console envelope 1', 32))
    expect(createHmac('sha256', hmacKey).update(JSON.stringify(body)).digest('hex')).toBe(hmac)
    const { decrypt } = buildClient({
      commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
      maxEncryptedDataKeys: 1,
    })
    const keyring = new RawAesKeyringNode({
      keyNamespace: 'vault-console',
      keyName: ids.backup ?? '',
      unencryptedMasterKey: Uint8Array.from(backupKey),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    })
    open = async (object, purpose) => {
      const { plaintext, messageHeader } = await decrypt(keyring, object)
      expect({ ...messageHeader.encryptionContext }).toEqual({ ...context, ...purpose })
      return zstdDecompressSync(plaintext)
    }
  }
  const lines = (await open(bucket.get(`${folder}/manifest`), { purpose: 'manifest' })).toString().trimEnd().split('\n')
  const parts = lines.map((line) => JSON.parse(line)).filter((line) => line.type === 'part')
  const contents: Record<string, Buffer[]> = { segments: [], entries: [] }
  for (const { name, size, sha256, length } of parts) {
    const object = bucket.get(`${folder}/${name}`)
    expect([object.length, createHash('sha256').update(object).digest('hex')]).toEqual([size, sha256])
    const [kind, attempt, index] = name.split('/')
    const content = await open(object, { purpose: kind === 'segments' ? 'segment' : kind, attempt, index })
    expect(content.length).toBe(length)
    contents[kind]?.push(content)
  }
  const entries = Buffer.concat(contents.entries ?? [])
    .toString()
    .trimEnd()
    .split('\n')
  return { tar: Buffer.concat(contents.segments ?? []), entries: entries.map((line) => JSON.parse(line)) }
}

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'independent-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.each(['keys', 'none'] as const)('a stranger reads a backup of method %s from the format alone', async (method) => {
  const source = join(folder, 'source')
  mkdirSync(join(source, 'größe/empty'), { recursive: true })
  writeFileSync(join(source, 'random'), randomBytes(300_000))
  writeFileSync(join(source, 'größe', 'text'), 'the same again '.repeat(20_000))
  writeFileSync(join(source, 'größe', 'n'.repeat(250)), 'a long name')
  symlinkSync('größe/text', join(source, 'link'))
  linkSync(join(source, 'random'), join(source, 'random-too'))

  const store = new MemoryStore()
  const key = new TestKey('one')
  const ids = { installation: 'inst-1', environment: 'env-1', backup: 'backup-1' }
  await writeBackup({
    store,
    protection: method === 'none' ? { method } : { method, keys: [key] },
    identity: { ...ids, prefix: 'a/prefix' },
    source: { kind: 'folder', path: source, include: [], exclude: [] },
    attempt: 3,
    segmentSize: 100_000,
  })

  const bucket: Bucket = { get: (name) => store.objects.get(name) ?? Buffer.alloc(0) }
  const unwrap: Unwrap = (ciphertext, context) => key.unwrap({ ciphertext }, context)
  const place = 'a/prefix/env-1/backups/backup-1'
  const { tar, entries } = await recover(bucket, place, ids, method === 'none' ? 'none' : unwrap)

  // The system's tar makes the same tree of it.
  const target = join(folder, 'target')
  mkdirSync(target)
  execFileSync('tar', ['-xpf', '-', '-C', target], { input: tar })
  expect(describeTree(target)).toEqual(describeTree(source))

  // Where the entries say that something lies, there it lies.
  const seen: unknown[] = []
  for await (const entry of extract()
    .on('error', () => {})
    .end(tar)) {
    const { name, size, type } = entry.header
    seen.push({ path: name.replace(/^\.\/$|\/$/, (end) => (end === './' ? '.' : '')), size, type })
    entry.resume()
  }
  const typeNames: Record<string, string> = { folder: 'directory', hardlink: 'link' }
  expect(entries.map(({ path, size, type }) => ({ path, size, type: typeNames[type] ?? type }))).toEqual(seen)
  const random = entries.find((entry) => entry.path === 'random')
  expect(tar.subarray(random.data, random.data + random.size).equals(readFileSync(join(source, 'random')))).toBe(true)
})

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { AppError } from '#lib/errors.ts'
import { failureOf, identityOf, SEGMENT, Workbench } from './backup-for-tests.ts'
import type { BackupResult } from './backup-result.ts'
import { openEnvelope, sealEnvelope } from './envelope.ts'
import { restoreBackup } from './restore-backup.ts'
import { verifyDepths } from './schema.ts'
import { TestKey } from './test-keys.ts'
import { type VerifyResult, verifyBackup } from './verify-backup.ts'

const OBJECTS = [
  ['envelope.json', /^The envelope of backup mine /],
  ['manifest', /^The manifest of backup mine /],
  ['segments/1/0', /^Segment 0 of backup mine /],
  ['segments/1/2', /^Segment 2 of backup mine /],
  ['entries/1/0', /^Entry list 0 of backup mine /],
] as const

/** Every class of change to a backup's objects. @param flips places where one bit is changed @param cuts lengths it is cut to */
export function tampering({ flips, cuts }: { flips: number; cuts: number }): void {
  let bench: Workbench
  let mine: BackupResult
  let original: Map<string, Buffer>
  let truth: Record<string, string>
  beforeAll(async () => {
    bench = new Workbench()
    mkdirSync(join(bench.source, 'folder'))
    writeFileSync(join(bench.source, 'folder', 'large'), randomBytes(2.5 * SEGMENT))
    writeFileSync(join(bench.source, 'text'), 'compressible '.repeat(10_000))
    for (let i = 0; i < 20; i += 1) writeFileSync(join(bench.source, `small-${i}`), randomBytes(500))
    mine = await bench.backUp('mine')
    await bench.backUp('other')
    truth = describeTree(bench.source)
    original = new Map([...bench.store.objects].map(([name, bytes]) => [name, Buffer.from(bytes)]))
  })
  afterAll(() => bench.remove())

  /**
   * Changes the bucket, verifies, tries to restore, puts the bucket back. Both depths must find the object; whatever was
   * restored must be true.
   */
  async function afterChanging(change: (objects: Map<string, Buffer>) => void): Promise<AppError> {
    const { objects } = bench.store
    change(objects)
    const target = bench.newTarget()
    const error = await failureOf(bench.open('mine').then((backup) => restoreBackup({ backup, target })))
    const found: VerifyResult[] = []
    for (const depth of verifyDepths)
      found.push(
        await verifyBackup({
          store: bench.store,
          identity: identityOf('mine'),
          protection: { method: 'keys', keys: [bench.key] },
          depth,
        }),
      )
    objects.clear()
    for (const [name, bytes] of original) objects.set(name, Buffer.from(bytes))
    if (!(error instanceof AppError)) throw error
    // Verifying says of the same object what restoring stumbled over.
    for (const { problems } of found)
      expect(
        problems.some(
          ({ message }) => message.split(' ').slice(0, 4).join(' ') === error.message.split(' ').slice(0, 4).join(' '),
        ),
      ).toBe(true)
    if (existsSync(target))
      for (const [path, facts] of Object.entries(describeTree(target)))
        if (/ bytes, /.test(facts) && !path.includes('.vault-restore-')) expect(facts).toBe(truth[path])
    return error
  }

  const at = (object: string) => bench.name('mine', object)
  const objectAt = (objects: Map<string, Buffer>, name: string): Buffer => {
    const object = objects.get(name)
    if (!object) throw new Error(`no object ${name}`)
    return object
  }

  describe.each(OBJECTS)('%s', (name, named) => {
    const refusal = { code: 'integrity', message: expect.stringMatching(named) }

    test(`with one bit flipped, at ${flips} places, is refused by name`, async () => {
      const size = objectAt(original, at(name)).length
      for (let i = 0; i < flips; i += 1) {
        const position = Math.floor((i * (size - 1)) / (flips - 1))
        const error = await afterChanging((objects) => {
          const object = objectAt(objects, at(name))
          object.writeUInt8(object.readUInt8(position) ^ (1 << (i % 8)), position)
        })
        expect(error, `bit ${i % 8} of byte ${position}`).toMatchObject(refusal)
      }
    })

    test(`cut short, at ${cuts} places, is refused by name`, async () => {
      const size = objectAt(original, at(name)).length
      for (let i = 0; i < cuts; i += 1) {
        // Nothing, the first bytes, and then to near the end.
        const length = i < 3 ? i : size - 1 - Math.floor(((i - 3) / cuts) ** 3 * size)
        const error = await afterChanging((objects) =>
          objects.set(at(name), objectAt(objects, at(name)).subarray(0, Math.max(length, 0))),
        )
        expect(error, `${length} of ${size} bytes`).toMatchObject(refusal)
      }
    })

    test.each([1, 100, SEGMENT])('with %i bytes appended is refused by name', async (length) => {
      const error = await afterChanging((objects) =>
        objects.set(at(name), Buffer.concat([objectAt(objects, at(name)), Buffer.alloc(length)])),
      )
      expect(error).toMatchObject(refusal)
    })

    test('from another backup of the same key is refused by name', async () => {
      const error = await afterChanging((objects) =>
        objects.set(at(name), objectAt(objects, bench.name('other', name))),
      )
      expect(error).toMatchObject(refusal)
    })

    test('missing is said', async () => {
      const error = await afterChanging((objects) => objects.delete(at(name)))
      if (name === 'manifest')
        expect(error).toMatchObject({
          code: 'not-found',
          message: expect.stringMatching(/^Backup mine was never complete/),
        })
      else if (name === 'envelope.json')
        expect(error).toMatchObject({ code: 'not-found', message: expect.stringMatching(/^Backup mine has no/) })
      else expect(error).toMatchObject({ code: 'integrity', message: expect.stringMatching(named) })
      expect(error.message).toMatch(/missing|has no/)
    })
  })

  test('segments swapped or repeated are refused', async () => {
    const swapped = await afterChanging((objects) => {
      const [zero, one] = [objectAt(objects, at('segments/1/0')), objectAt(objects, at('segments/1/1'))]
      objects.set(at('segments/1/0'), one).set(at('segments/1/1'), zero)
    })
    expect(swapped).toMatchObject({ code: 'integrity', message: expect.stringMatching(/^Segment 0 /) })
    const repeated = await afterChanging((objects) =>
      objects.set(at('segments/1/1'), objectAt(objects, at('segments/1/0'))),
    )
    expect(repeated).toMatchObject({ code: 'integrity', message: expect.stringMatching(/^Segment 1 /) })
  })

  test('a whole other backup in its place is refused, under the same key and under a foreign one', async () => {
    const replaceAll = (objects: Map<string, Buffer>, from: string) => {
      for (const name of [...objects.keys()].filter((name) => name.startsWith(at('')))) objects.delete(name)
      for (const [name, bytes] of objects)
        if (name.startsWith(bench.name(from, ''))) objects.set(at(name.slice(bench.name(from, '').length)), bytes)
    }
    const sameKey = await afterChanging((objects) => replaceAll(objects, 'other'))
    expect(sameKey).toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(/belongs elsewhere: its backup is "other", not "mine"/),
    })

    const evil = new Workbench()
    await evil.backUp('mine', { protection: { method: 'keys', keys: [new TestKey('forger')] } })
    evil.remove()
    const forged = await afterChanging((objects) => {
      for (const name of [...objects.keys()].filter((name) => name.startsWith(at('')))) objects.delete(name)
      for (const [name, bytes] of evil.store.objects) objects.set(name, bytes)
    })
    expect(forged).toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(/names only keys that are not allowed here: .*forger/),
    })
    // A wrap under the foreign key that claims to be ours.
    const claimed = await afterChanging((objects) => {
      const envelope = objectAt(objects, at('envelope.json')).toString()
      const wrap = JSON.parse(envelope).wraps[0].ciphertext
      objects.set(at('envelope.json'), Buffer.from(envelope.replace(wrap, randomBytes(60).toString('base64'))))
    })
    expect(claimed).toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(/^The envelope of backup mine is not what was written/),
    })
  })

  test('an older envelope put back is refused while the database is there, and opens without it', async () => {
    const older = objectAt(original, at('envelope.json'))
    const keys = [{ keyId: bench.key.keyId, wrapper: bench.key }]
    const { backupKey } = await openEnvelope(older, keys, identityOf('mine'), {})
    const newer = await sealEnvelope(backupKey, [bench.key], identityOf('mine'), 2)
    for (const envelope of [{ sha256: newer.sha256 }, { generation: newer.generation }]) {
      const error = await failureOf(bench.open('mine', { protection: { method: 'keys', keys, envelope } }))
      expect(error).toMatchObject({
        code: 'integrity',
        message: expect.stringMatching(/^The envelope of backup mine is/),
      })
    }
    await bench.store.replace(at('envelope.json'), newer.bytes)
    await bench.open('mine', { protection: { method: 'keys', keys, envelope: newer } })
    await bench.store.replace(at('envelope.json'), older)
    await bench.open('mine')
  })

  test('an older manifest put back is refused while the database is there', async () => {
    await bench.open('mine', { manifestSha256: mine.manifestSha256 })
    const error = await failureOf(bench.open('mine', { manifestSha256: '0'.repeat(64) }))
    expect(error).toMatchObject({ code: 'integrity', message: expect.stringMatching(/^The manifest of backup mine /) })
  })

  test('another installation, environment or backup is never opened, whatever the bucket says', async () => {
    for (const name of ['installation', 'environment', 'backup'] as const) {
      const identity = { ...identityOf('mine'), [name]: 'another' }
      const { objects } = bench.store
      for (const [key, bytes] of original) {
        const place = `some/prefix/${identity.environment}/backups/${identity.backup}/`
        if (key.startsWith(at(''))) objects.set(place + key.slice(at('').length), bytes)
      }
      const error = await failureOf(bench.open('mine', { identity }))
      expect(error).toMatchObject({ code: 'integrity', message: expect.stringContaining(`its ${name} is`) })
    }
  })

  test('an encrypted backup is never read as a plain one, nor a plain one as encrypted', async () => {
    const asPlain = await failureOf(bench.open('mine', { protection: { method: 'none' } }))
    expect(asPlain).toMatchObject({ code: 'integrity' })
    await bench.backUp('plain', { protection: { method: 'none' } })
    expect(await failureOf(bench.open('plain'))).toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/has no envelope/),
    })
    bench.store.objects.set(bench.name('plain', 'envelope.json'), objectAt(original, at('envelope.json')))
    expect(await failureOf(bench.open('plain'))).toMatchObject({ code: 'integrity' })
  })

  test('an envelope written in another way is refused, even if it says the same', async () => {
    const envelope = objectAt(original, at('envelope.json')).toString()
    for (const changed of [
      ` ${envelope}`,
      `${envelope}\n`,
      envelope.replace('"format":1,', '"format":1,"format":1,'),
    ]) {
      const error = await afterChanging((objects) => objects.set(at('envelope.json'), Buffer.from(changed)))
      expect(error).toMatchObject({ code: 'integrity', message: expect.stringContaining('not as this format demands') })
    }
  })

  test('without encryption, a change to any part is still seen', async () => {
    const protection = { method: 'none' } as const
    const { manifestSha256 } = await bench.backUp('plain', { protection })
    const parts = [...bench.store.objects.keys()].filter((name) =>
      /plain\/.*\//.test(name.slice(name.indexOf('plain'))),
    )
    expect(parts.length).toBeGreaterThan(3)
    for (const name of parts) {
      const object = objectAt(bench.store.objects, name)
      for (const changed of [flipped(object, Math.floor(object.length / 2)), object.subarray(0, -1)]) {
        bench.store.objects.set(name, changed)
        const error = await failureOf(bench.restore('plain', { protection, manifestSha256 }))
        const words = changed.length === object.length ? 'Its SHA-256 differs' : `bytes instead of ${object.length}`
        expect(error, name).toMatchObject({ code: 'integrity', message: expect.stringContaining(words) })
      }
      bench.store.objects.set(name, object)
    }
    const manifest = bench.name('plain', 'manifest')
    bench.store.objects.set(manifest, flipped(objectAt(bench.store.objects, manifest), 100))
    const error = await failureOf(bench.restore('plain', { protection, manifestSha256 }))
    expect(error).toMatchObject({ code: 'integrity', message: expect.stringContaining('Its SHA-256 differs') })
  })
}

function flipped(object: Buffer, position: number): Buffer {
  const changed = Buffer.from(object)
  changed.writeUInt8(changed.readUInt8(position) ^ 1, position)
  return changed
}

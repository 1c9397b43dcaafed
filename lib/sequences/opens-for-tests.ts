import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { actor } from '#lib/backup/console-for-tests.ts'
import { patiently } from '#lib/backup/patience.ts'
import { restoreBackup } from '#lib/backup/restore-backup.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { listWithoutDatabase } from '#lib/recover/list-without-database.ts'
import { openWithoutDatabase } from '#lib/recover/open-without-database.ts'
import { openRecoverySource, type RecoverySource } from '#lib/recover/recovery-source.ts'
import { makeRecoveryKit, readRecoveryKit } from '#lib/seal/recovery-kit.ts'
import { unseal } from '#lib/seal/unseal.ts'
import { type Known, type Left, type Model, restoredEntries } from './model-for-tests.ts'
import { bounded } from './workers-for-tests.ts'
import type { World } from './world-for-tests.ts'

let targets = 0
export function newTarget(world: World): string {
  targets += 1
  return path.join(world.context.restoreRoots[0] ?? '', `target-${targets}`)
}

/** Comes back the same by this console, and by each of its keys alone without any. Needs calm. */
export async function mustOpen(world: World, model: Model, known: Known): Promise<void> {
  const row = await world.db.backup.findUniqueOrThrow({ where: { id: known.id } })
  const target = newTarget(world)
  const restore = await startRestore(world.context, { backupId: known.id, target }, 'page', actor)
  await world.work('in turn')
  expect(await world.db.restore.findUniqueOrThrow({ where: { id: restore } })).toMatchObject({
    state: 'complete',
    error: null,
    ...(!known.vague && { files: known.content.files, bytes: BigInt(known.content.bytes) }),
  })
  mustBe(known, target, 'restored by the console')
  rmSync(target, { recursive: true })
  const left = leftOf(row)
  await mustRecover(world, model, known, left)
  if (row.method === 'none') return
  const others = [...world.keys, ...model.rootKeys.keys()].filter((keyId) => !left.ways.flat().includes(keyId))
  if (others.length === 0) return
  expect(await recover(world, model, row, others, known), `${known.id} recovered with ${others}`).toMatch(/\w/)
}

/** What the database has forgotten, or knows otherwise, comes back without it. */
export async function leftMustOpen(world: World, model: Model, known: Known): Promise<void> {
  if (known.left) await mustRecover(world, model, known, known.left)
  if (known.state !== 'complete') return
  // Refused with a sentence, or as it was: never anything else.
  const target = newTarget(world)
  const restore = await startRestore(world.context, { backupId: known.id, target }, 'page', actor)
  await world.work('in turn')
  const { state, error } = await world.db.restore.findUniqueOrThrow({ where: { id: restore } })
  if (state === 'complete') mustBe(known, target, 'restored by a console that was put back')
  else expect({ state, error }).toEqual({ state: 'failed', error: expect.stringMatching(/^[A-Z].*\.$/) })
  rmSync(target, { recursive: true, force: true })
}

async function mustRecover(world: World, model: Model, known: Known, left: Left): Promise<void> {
  for (const keyIds of left.ways) {
    const why = await recover(world, model, left, keyIds, known)
    expect(why, `${known.id} recovered with ${keyIds}`).toBeUndefined()
  }
}

function mustBe({ id, content, vague }: Known, target: string, how: string): void {
  const entries = restoredEntries(target, content)
  if (!vague) expect(entries, `${how}: ${id}`).toEqual(content.entries)
}

interface CompleteRow extends Omit<Left, 'envelopes' | 'manifest' | 'ways'> {
  readonly manifestSha256: string | null
  readonly envelopeSha256: string | null
  readonly nextEnvelopeSha256: string | null
  readonly keyIds: readonly string[]
  readonly nextKeyIds: readonly string[]
}

/** What the bucket holds of a backup that is complete, as its row says. */
export function leftOf(row: CompleteRow): Left {
  const { id, method, environmentId, region, bucket, prefix, envelopeSha256, nextEnvelopeSha256 } = row
  // While its keys are being exchanged its envelope is one of two.
  const sure = nextEnvelopeSha256 ? row.keyIds.filter((keyId) => row.nextKeyIds.includes(keyId)) : row.keyIds
  const ways = method === 'none' ? [[]] : sure.map((keyId) => [keyId])
  if (ways.length === 0) ways.push([...row.keyIds, ...row.nextKeyIds])
  const envelopes = nextEnvelopeSha256 ? [envelopeSha256, nextEnvelopeSha256] : [envelopeSha256]
  return { id, method, environmentId, region, bucket, prefix, envelopes, manifest: row.manifestSha256, ways }
}

/** By nothing and nobody. */
export async function mustStayShut(world: World, model: Model, known: Known): Promise<void> {
  const row = await world.db.backup.findUnique({ where: { id: known.id } })
  if (!row) return
  if (known.state === 'complete') await leftMustOpen(world, model, known)
  else {
    const restore = startRestore(world.context, { backupId: known.id, target: newTarget(world) }, 'page', actor)
    await expect(restore).rejects.toMatchObject({ code: 'invalid' })
  }
  const all = [...world.keys, ...model.rootKeys.keys()]
  expect(await recover(world, model, row, all, known), `${known.id} was shredded`).toMatch(/\w/)
}

/** `byok recover --list` with every key there is: each that opens, and no other. */
export async function recoveryListMustHold(world: World, model: Model): Promise<void> {
  const lefts = [...model.backups.values()].flatMap(({ left }) => (left && left.method !== 'none' ? [left] : []))
  const rows = await world.db.backup.findMany({ where: { method: { not: 'none' } } })
  const isAstray = (id: string) => model.backups.get(id)?.astray === true
  const places = Map.groupBy([...rows, ...lefts], ({ bucket, prefix }) => `${bucket}/${prefix}`)
  for (const [address, there] of places) {
    const [place] = there
    const source = place && sourceOf(world, model, place, [...world.keys, ...model.rootKeys.keys()])
    if (!source) continue
    const opens: string[] = []
    for await (const { id, state } of listWithoutDatabase(source)) if (state === 'opens') opens.push(id)
    source.close()
    const whole = there.filter((one) => ('ways' in one ? true : one.state === 'complete' && !isAstray(one.id)))
    const must = new Set(whole.map(({ id }) => id))
    const did = opens.filter((id) => must.has(id) || !isAstray(id))
    expect(did.toSorted(), `byok recover s3://${address} --list`).toEqual([...must].toSorted())
  }
}

interface Place {
  readonly id: string
  readonly environmentId: string
  readonly region: string
  readonly bucket: string
  readonly prefix: string
}

function sourceOf(world: World, model: Model, place: Place, keyIds: readonly string[]): RecoverySource {
  const rootKeys = keyIds.flatMap((keyId) => {
    const key = model.rootKeys.get(keyId)
    return key === undefined ? [] : [{ id: keyId, key }]
  })
  const { installation } = world.context
  const kit = {
    kind: 'vault-console recovery kit',
    format: 1,
    installation,
    madeAt: new Date().toISOString(),
    rootKeys,
  } as const
  return openRecoverySource({
    address: `s3://${place.bucket}/${place.prefix}`,
    environment: place.environmentId,
    keys: keyIds.filter((keyId) => keyId.startsWith('arn:')),
    kit: rootKeys.length > 0 ? kit : undefined,
    region: place.region,
    endpoint: world.sandbox.sandbox.endpoint,
    credentials: world.sandbox.administrator,
  })
}

/** As `byok recover` does it. @returns why it was refused; undefined: all of it is there, byte by byte */
async function recover(
  world: World,
  model: Model,
  place: Place,
  keyIds: readonly string[],
  known: Known,
): Promise<string | undefined> {
  const { id } = known
  const source = sourceOf(world, model, place, keyIds)
  const target = newTarget(world)
  try {
    await bounded(`recover ${id}`, async (signal) =>
      restoreBackup({ backup: await openWithoutDatabase(source, id), target, signal }),
    )
    mustBe(known, target, 'recovered without a console')
    return undefined
  } catch (error) {
    if (existsSync(target)) throw error
    return error instanceof Error ? error.message : String(error)
  } finally {
    source.close()
    rmSync(target, { recursive: true, force: true })
  }
}

const workFactor = 1

/** A start that meets a lost answer is made again, as the console does by itself and a person does with a command. */
export async function again<T>(run: () => Promise<T>): Promise<T> {
  return patiently(run, { tries: 5, firstDelayMs: 1, longestDelayMs: 1 }, new AbortController().signal)
}

/** As a kit would hold them that is made now. */
export async function learnRootKeys({ db, context, sealHost }: World, model: Model): Promise<void> {
  const known = { db, installation: context.installation }
  const kit = await again(async () => {
    const { seal } = await unseal(known, sealHost, { follow: false })
    return makeRecoveryKit(known, seal, 'passphrase', workFactor).finally(() => seal.close())
  })
  for (const { id, key } of (await readRecoveryKit(kit, 'passphrase')).rootKeys) model.rootKeys.set(id, key)
}

import { rmSync } from 'node:fs'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { actor, openTestConsole } from '#lib/backup/console-for-tests.ts'
import { restoreNow } from '#lib/backup/jobs-for-tests.ts'
import { backupFolder, backupsFolder, ENVELOPE } from '#lib/backup/layout.ts'
import { exportCatalog } from '#lib/catalog/export-catalog.ts'
import { importCatalog } from '#lib/catalog/import-catalog.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { claimsOf } from '#lib/recover/claims.ts'
import { startDeletion } from '#lib/retire/delete-old-versions.ts'
import { startProof } from '#lib/retire/run-proof.ts'
import { deletionWord } from '#lib/retire/schema.ts'
import { viewProof } from '#lib/retire/view-proofs.ts'
import { inLine, type Model, restoredEntries } from './model-for-tests.ts'
import { newTarget } from './opens-for-tests.ts'
import type { Operation } from './operations-for-tests.ts'
import type { World } from './world-for-tests.ts'

// What says something of everything, and is true only while nothing else is done.

/** “Nothing needs this key” is true: no row and no envelope names it. What it says can be deleted is missed by nobody. */
const retire: Operation = async (world, model) => {
  const key = world.oneOf(world.keys)
  const id = await startProof(world.context, key, actor)
  await world.work('in turn')
  const proof = await viewProof(world.db, id)
  expect(proof).toMatchObject({ state: 'complete' })
  if (proof?.safe) {
    // A place that it forgot as well it cannot look at; the report names those that it did.
    const seen = new Set(proof.report?.places.map(({ bucket, folder }) => `${bucket}/${folder}`))
    for (const { id, left } of model.backups.values())
      if (left && seen.has(`${left.bucket}/${backupsFolder({ prefix: left.prefix, environment: left.environmentId })}`))
        expect(left.ways.flat(), `${id}, which the database forgot, needs ${key}`).not.toContain(key)
    for (const row of await world.db.backup.findMany({ where: { state: { in: ['complete', 'waiting'] } } })) {
      const { prefix, environmentId: environment, id: backup, bucket: Bucket } = row
      expect([...row.keyIds, ...row.nextKeyIds], `${key} was called safe to retire`).not.toContain(key)
      if (row.method === 'none' || row.state !== 'complete' || model.backups.get(row.id)?.astray) continue
      const Key = backupFolder({ environment, backup, prefix }) + ENVELOPE
      const { Body } = await world.sandbox.s3().send(new GetObjectCommand({ Bucket, Key }))
      const { keyIds } = claimsOf((await Body?.transformToByteArray()) ?? new Uint8Array(), Key)
      expect(keyIds, `${key} was called safe to retire`).not.toContain(key)
    }
  }
  const versions = await world.db.retireVersion.count({ where: { proofId: id } })
  if (versions > 0) {
    await startDeletion(world.context, { id, word: deletionWord(versions) }, actor)
    await world.work('in turn')
    expect(await viewProof(world.db, id)).toMatchObject({ deletion: { state: 'complete' } })
  }
  return `retire report of ${key}: ${proof?.safe ? 'safe' : 'needed'}, ${versions} old versions`
}

/** Another console, with an empty database, takes over what this one knows, and restores it. */
const exportAll: Operation = async (world, model) => {
  await world.work('in turn')
  await model.notice(world)
  const stored = await exportCatalog(world.context, undefined, actor).catch((error: unknown) => {
    if (error instanceof AppError && (world.wasOut || error.code === 'unreachable')) return error
    throw error
  })
  if (stored instanceof AppError) return `export refused: ${messageOf(stored)}`
  const { address, environment, region, method, keyArns, time } = stored
  const [, bucket = '', folder = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(address) ?? []
  const prefix = folder.slice(0, folder.indexOf(environment)).replace(/\/$/, '')
  const keys = method === 'none' ? 'none' : method === 'AES-256' ? 'root-keys' : keyArns
  const place = { region, bucket, prefix, environment, time, keys } as const
  model.catalogues.set(address, place)
  if (keys !== 'root-keys' && world.calm) await takeOver(world, model, place)
  return `export ${stored.backups} backups to ${address}`
}

async function takeOver(world: World, model: Model, place: Parameters<typeof importCatalog>[1]): Promise<void> {
  const other = await openTestConsole(world.here.context.own)
  try {
    const taken = await importCatalog(other.context, place, { dryRun: false, actor })
    expect(taken).toMatchObject({ conflicts: [], updated: [], newerHere: [], incomplete: [] })
    const rows = await world.db.backup.findMany({ where: { state: 'complete' }, omit: { warnings: true } })
    // While its keys are being exchanged, which of two envelopes is there is not known.
    const sure = rows.filter(
      ({ id, nextEnvelopeSha256 }) => nextEnvelopeSha256 === null && !model.backups.get(id)?.astray,
    )
    expect(taken.added).toEqual(expect.arrayContaining(sure.map(({ id }) => id)))
    expect(taken.added.length + taken.missing.length).toBe(rows.length)
    const readable = sure.filter(
      ({ keyIds, method }) => method === 'none' || keyIds.some((keyId) => keyId.startsWith('arn:')),
    )
    const known = model.backups.get(world.maybeOneOf(readable)?.id ?? '')
    if (!known) return
    const target = newTarget(world).replace(world.here.folder, other.folder)
    expect(await restoreNow(other.context, known.id, target)).toMatchObject({ state: 'complete', error: null })
    expect(restoredEntries(target, known.content), 'restored by another console').toEqual(known.content.entries)
    rmSync(target, { recursive: true })
  } finally {
    await other.close()
  }
}

/**
 * An older catalogue of its own brings nothing back that is gone, and takes nothing away; one that is newer than a database
 * that was put back brings back what that has forgotten, and nothing else.
 */
const importOlder: Operation = async (world, model) => {
  const [address, place] = world.maybeOneOf([...model.catalogues]) ?? []
  if (!address || !place) return undefined
  try {
    const { added, updated } = await importCatalog(world.context, place, { dryRun: false, actor })
    for (const id of [...added, ...updated]) {
      const known = model.backups.get(id)
      expect(known?.left, `import of ${address} brought ${id}`).toBeDefined()
      if (!known) continue
      inLine(known)
      known.state = 'complete'
      known.asked.clear()
    }
    return `import ${address}: ${added.length} added, ${updated.length} updated`
  } catch (error) {
    // Its root key may have been destroyed since, or its key be out of reach.
    if (!(error instanceof AppError) || (!world.wasOut && place.keys !== 'root-keys')) throw error
    return `import ${address} refused: ${messageOf(error)}`
  }
}

export const reportOperations: Readonly<Record<string, Operation>> = { retire, exportAll, importOlder }

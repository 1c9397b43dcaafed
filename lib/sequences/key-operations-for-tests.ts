import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { actor, settings } from '#lib/backup/console-for-tests.ts'
import { saveEnvironment } from '#lib/environment/save-environment.ts'
import type { EnvironmentInput } from '#lib/environment/schema.ts'
import { AppError } from '#lib/errors.ts'
import { startProof } from '#lib/retire/run-proof.ts'
import { rewrapRequestSchema } from '#lib/rewrap/schema.ts'
import { startRewrap } from '#lib/rewrap/start-rewrap.ts'
import { cancelRewrap, pauseRewrap, resumeRewrap } from '#lib/rewrap/steer-rewrap.ts'
import { migrateSeal } from '#lib/seal/migrate-seal.ts'
import { rotateSeal } from '#lib/seal/operate-seal.ts'
import { unseal } from '#lib/seal/unseal.ts'
import { previewShred } from '#lib/shred/select-backups.ts'
import { startShred } from '#lib/shred/start-shred.ts'
import { undoShred } from '#lib/shred/undo-shred.ts'
import { again, learnRootKeys } from './opens-for-tests.ts'
import { type Operation, orRefused } from './operations-for-tests.ts'
import { buckets, type World } from './world-for-tests.ts'

const save: Operation = async (world) => {
  const method = world.oneOf(['AWS-KMS', 'AWS-KMS', 'AWS-KMS', 'AES-256', 'none'] as const)
  const { accessKeyId, secretAccessKey } = world.sandbox.administrator
  const [masterKey = '', ...others] = world.keys.toSorted(() => (world.chance(0.5) ? 1 : -1))
  const place: Partial<EnvironmentInput> = world.chance(0.4)
    ? { hosted: true }
    : {
        hosted: false,
        bucket: world.oneOf([buckets.plain, buckets.versions]),
        prefix: world.oneOf(['', 'a', 'a/b']),
        // A secret of this console's own, under a root key.
        ...(world.chance(0.4) && { credentials: 'access-key' as const, accessKeyId, secretAccessKey }),
      }
  const wish = settings({
    ...place,
    encrypt: method !== 'none',
    ...(method !== 'none' && { method }),
    masterKey,
    furtherKeys: others.slice(0, world.below(3)).map((typed) => ({ typed })),
  })
  const confirm = async () => 'confirmed' as const
  const { status } = await saveEnvironment(world.context, wish, await world.here.newest(), actor, { confirm })
  const where = wish.hosted ? 'hosted' : `${wish.bucket}/${wish.prefix} by ${wish.credentials}`
  return `save ${method} ${where} with ${1 + wish.furtherKeys.length} keys: ${status}`
}

const outage: Operation = async (world) => {
  const [out] = world.outages.keys()
  if (out !== undefined) {
    await end(world, out)
    return `${out} is well again`
  }
  const key = world.oneOf(world.keys)
  world.wasOut = true
  const kind = world.oneOf(['disabled', 'disabled', 'unreachable'] as const)
  world.outages.set(key, kind)
  if (kind === 'disabled') await world.sandbox.kms().send(new DisableKeyCommand({ KeyId: key }))
  else await world.sandbox.control('PUT', 'faults', [{ service: 'kms', operation: '*', effect: 'Outage', keyId: key }])
  return `${key} is ${kind}`
}

async function end(world: World, key: string): Promise<void> {
  await world.sandbox.control('DELETE', 'faults')
  await world.sandbox.kms().send(new EnableKeyCommand({ KeyId: key }))
  world.outages.delete(key)
}

const rewrap: Operation = async (world) => {
  const names = [...world.keys, 'AES-256']
  const rows = await world.db.backup.findMany({
    where: { state: 'complete' },
    orderBy: { id: 'asc' },
    select: { keyIds: true },
  })
  const inUse = rows.flatMap(({ keyIds }) => keyIds.map((keyId) => (keyId.startsWith('arn:') ? keyId : 'AES-256')))
  const mode = world.oneOf(['exchange', 'exchange', 'add', 'remove'] as const)
  const from =
    mode === 'add' && world.chance(0.5) ? '' : world.oneOf(inUse.length > 0 && world.chance(0.8) ? inUse : names)
  const to = mode === 'remove' ? '' : world.oneOf(names.filter((name) => name !== from))
  const request = rewrapRequestSchema.parse({ mode, from, to })
  const result = await orRefused(() => startRewrap(world.context, request, actor)).catch((error: unknown) => {
    // Whoever waits for a key's proof is not made to wait for long.
    if (error instanceof AppError && (error.code === 'unreachable' || (error.code === 'denied' && world.wasOut)))
      return error
    throw error
  })
  const what = result instanceof AppError ? result : (result.id ?? 'nothing to do')
  return `re-wrap ${mode} ${from} ${to}: ${what}`
}

const steerRewrap: Operation = async (world) => {
  const state = { in: ['queued' as const, 'running' as const, 'waiting' as const, 'paused' as const] }
  const run = world.maybeOneOf(await world.db.rewrap.findMany({ where: { state }, orderBy: { id: 'asc' } }))
  if (!run) return undefined
  const steer = world.oneOf([cancelRewrap, pauseRewrap, resumeRewrap])
  return `${steer.name} ${run.id}: ${await orRefused(() => steer(world.context, run.id, actor))}`
}

const prove: Operation = async (world) => {
  const key = world.oneOf(world.keys)
  return `retire report of ${key}: ${await startProof(world.context, key, actor)}`
}

const shred: Operation = async (world, model) => {
  await model.notice(world)
  const rows = await world.db.backup.findMany({
    where: { state: 'complete' },
    orderBy: { id: 'asc' },
    select: { id: true },
  })
  const id = rows.filter(() => world.chance(0.2)).map((row) => row.id)
  if (id.length === 0) return undefined
  const selection = { id }
  const { digest, name, count } = await previewShred(world.db, selection)
  if (count === 0) return undefined
  const now = world.now()
  const request = { selection, digest, name, reason: '', hours: 1 }
  const shredId = await orRefused(() => startShred(world.context, request, actor, now))
  if (typeof shredId === 'string') {
    const items = await world.db.shredItem.findMany({ where: { shredId } })
    const dueAt = new Date(now.getTime() + 3_600_000)
    model.shreds.set(shredId, { ids: new Set(items.map(({ backupId }) => backupId)), dueAt, undone: false })
  }
  return `shred ${id}: ${shredId}`
}

const undo: Operation = async (world, model) => {
  const [id, asked] = world.maybeOneOf([...model.shreds]) ?? []
  if (id === undefined || !asked || asked.undone) return undefined
  const refused = await orRefused(() => undoShred(world.db, id, actor, world.now()))
  if (refused === undefined) asked.undone = true
  return `undo shred ${id}: ${refused ?? 'undone'}`
}

const later: Operation = async (world) => {
  const minutes = world.oneOf([9, 30, 66])
  await world.later(minutes)
  return `${minutes} minutes go by`
}

/** A start of the console: its root keys are opened anew. */
export async function restart(world: World): Promise<void> {
  const known = { db: world.db, installation: world.context.installation }
  const { keyring, seal } = await again(() => unseal(known, world.sealHost))
  seal.close()
  world.context = { ...world.context, seal: keyring }
}

const rotate: Operation = async (world, model) => {
  const known = { db: world.db, installation: world.context.installation }
  const done = await orRefused(() => again(() => rotateSeal(known, world.sealHost, { actor })))
  await learnRootKeys(world, model)
  return `rotate: ${done instanceof AppError ? done : `${done.id}, destroyed: ${done.destroyed}`}`
}

const migrate: Operation = async (world) => {
  const known = { db: world.db, installation: world.context.installation }
  const { sealKey: VAULT_AWSKMS_SEAL_KEY_ID } = world
  const kms = { VAULT_SEAL_TYPE: 'awskms', VAULT_AWSKMS_SEAL_KEY_ID, AWS_REGION: 'us-east-1' }
  if ('VAULT_SEAL_TYPE' in world.sealHost.variables) {
    await restart(world)
    return 'start again'
  }
  const next = { ...world.sealHost, variables: kms }
  const done = await orRefused(() => again(() => migrateSeal(known, next)))
  if (done instanceof AppError) return `migrate: ${done}`
  world.sealHost = next
  await restart(world)
  return `migrate the seal from ${done.from} to ${done.to}`
}

export async function allWell(world: World): Promise<void> {
  for (const key of [...world.outages.keys()]) await end(world, key)
  world.done.push('all is well')
}

export async function cancelPaused(world: World): Promise<void> {
  for (const { id } of await world.db.rewrap.findMany({ where: { state: 'paused' } }))
    await cancelRewrap(world.context, id, actor)
}

export const keyOperations: Readonly<Record<string, Operation>> = {
  save,
  outage,
  rewrap,
  steerRewrap,
  prove,
  shred,
  undo,
  later,
  rotate,
  migrate,
}

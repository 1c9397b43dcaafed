import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '#lib/db-for-tests.ts'
import { listCountdowns } from '#lib/key-health/list-countdowns.ts'
import { type KeyState, keyStates } from '#lib/key-health/schema.ts'
import { listKeys } from './list-keys.ts'
import type { Amount, KeyHolding } from './schema.ts'

// 1,000 random histories of keys, backups, re-wraps, revisions, schedules, the seal, key states and time, each told to the
// database as rows and to a model that knows every backup by itself and takes one key away after the other.

const histories = 1000
const dayMs = 86_400_000
const seed = Number(process.env.SEED ?? 20261122)

let database: TestDatabase
let environment: string
beforeAll(async () => {
  database = await openTestDatabase()
  environment = (await database.db.environment.findFirstOrThrow()).id
})
afterAll(() => database.close())

test(`blast radius and countdown as in the model, ${histories} histories, seed ${seed}`, async () => {
  const seen = { keys: 0, lost: 0, dying: 0, through: 0, survived: 0, former: 0 }
  for (let number = 0; number < histories; number += 1) {
    const world = createWorld(generator(seed + number))
    const statements = Array.from({ length: 8 + world.below(24) }, () => world.happen()).filter((sql) => sql !== '')
    await rolledBack(async (tx) => {
      if (statements.length > 0) await tx.$executeRawUnsafe(statements.join(';\n'))
      const now = world.now()
      const told = (await listKeys(tx, now)).map(({ health, ...holding }) => ({
        ...holding,
        state: health?.state,
        daysLeft: health?.daysLeft,
      }))
      const expected = world.named().map((arn) => ({ ...world.expected(arn), ...world.health(arn) }))
      expect(byArn(told), `history ${number}`).toEqual(byArn(expected))
      const countdowns = await listCountdowns(tx, now)
      const dying = expected.filter(
        ({ state, lost, underWay, environment, seal }) =>
          state === 'pending deletion' &&
          (lost.backups > 0 || underWay > 0 || environment !== null || (seal?.onlyWayIn ?? 0) > 0),
      )
      expect(
        byArn(
          countdowns.map(({ arn, daysLeft, dependents: { onlyWayIn, onlyWayInBytes, inUse, seal } }) => ({
            arn,
            told: [daysLeft, onlyWayIn, onlyWayInBytes, inUse, seal],
          })),
        ),
        `history ${number}`,
      ).toEqual(
        byArn(
          dying.map(({ arn, daysLeft, lost, environment, seal }) => ({
            arn,
            told: [
              daysLeft,
              lost.backups,
              lost.bytes,
              environment !== null,
              seal && seal.onlyWayIn > 0 ? { secrets: seal.secrets, backups: seal.through.backups } : null,
            ],
          })),
        ),
      )
      seen.dying += dying.length
      for (const one of expected) {
        seen.keys += 1
        seen.lost += one.lost.backups > 0 ? 1 : 0
        seen.survived += one.backups > one.lost.backups ? 1 : 0
        seen.through += one.seal?.through.backups ? 1 : 0
        seen.former += one.named && !one.environment && one.backups === 0 ? 1 : 0
      }
    })
  }
  // A model that never saw the cases proves nothing.
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(histories / 10)
}, 120_000)

const byArn = <T extends { arn: string }>(rows: readonly T[]) => new Map(rows.map((row) => [row.arn, row]))

class RolledBack extends Error {}

async function rolledBack(run: (tx: Parameters<typeof listKeys>[0]) => Promise<void>): Promise<void> {
  const done = database.db.$transaction(async (tx) => {
    await run(tx)
    throw new RolledBack()
  })
  await done.catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error
  })
}

interface Backup {
  state: string
  keyIds: string[]
  next: string[]
  bytes: number
  at: Date
  revision: number
}

interface Key {
  typed: string
  arn: string
}

function createWorld(random: () => number) {
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(from: readonly T[]): T | undefined => from[below(from.length)]
  const arns = Array.from(
    { length: 2 + below(4) },
    (_, index) => `arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-00000000000${index}`,
  )
  const states = new Map<string, { state: KeyState; deletion: Date | undefined }>()
  const backups = new Map<string, Backup>()
  const revisions: { number: number; at: Date; keys: Key[] }[] = []
  const schedules = new Map<string, boolean>()
  const rootKeys = new Map<string, { wraps: string[]; values: number }>()
  let clock = Date.UTC(2026, 10, 1)

  const some = (most: number) => [...new Set(Array.from({ length: 1 + below(most) }, () => pick(arns) ?? ''))]
  const typedFor = (arn: string): Key => ({
    arn,
    typed: pick([arn, arn.slice(-36), 'alias/backups', 'alias/old']) ?? '',
  })
  const inForce = () => revisions.at(-1)
  const complete = () => [...backups].filter(([, { state }]) => state === 'complete')

  const save = (keys: Key[]) => {
    const number = revisions.length + 1
    const at = new Date(clock)
    revisions.push({ number, at, keys })
    const [main, ...further] = keys
    const more = JSON.stringify(further.map(({ typed, arn }) => ({ typed, keyArn: arn })))
    return `INSERT INTO environment_revision ("environmentId", number, "storageType", region, method, "masterKey", "keyArn",
      "furtherKeys", hosted, label, bucket, prefix, credentials, report, "createdAt", "createdBy")
      VALUES ('${environment}', ${number}, 's3', 'us-east-1', '${main ? 'AWS-KMS' : 'AES-256'}', ${text(main?.typed)},
      ${text(main?.arn)}, '${more}', true, '', 'bucket', '', 'default', '{}', '${at.toISOString()}', 'a@example.test')`
  }
  const start = () => {
    const revision = inForce()
    if (!revision) return ''
    const id = randomUUID()
    const [rootKey] = [...rootKeys.keys()].slice(-1)
    const keyIds = revision.keys.length > 0 ? revision.keys.map(({ arn }) => arn) : rootKey ? [rootKey] : []
    const state = pick(['queued', 'running', 'waiting', 'complete', 'complete', 'complete', 'complete', 'failed']) ?? ''
    // Not every backup that has not ended has an envelope yet.
    const wrapped = state === 'complete' || (state !== 'queued' && below(2) === 0)
    const backup: Backup = {
      state,
      keyIds: wrapped ? [...new Set(keyIds)] : [],
      next: [],
      bytes: below(1_000_000),
      at: new Date(clock),
      revision: revision.number,
    }
    backups.set(id, backup)
    return `INSERT INTO backup (id, "environmentId", revision, name, source, state, region, bucket, prefix, method, "keyIds",
      "nextKeyIds", bytes, "createdAt", "createdBy") VALUES ('${id}', '${environment}', ${revision.number}, 'b', '/b',
      '${state}', 'us-east-1', 'bucket', '', 'AWS-KMS', ${array(backup.keyIds)}, '{}', ${backup.bytes},
      '${backup.at.toISOString()}', 'a@example.test')`
  }
  const judge = () => {
    const [arn, state] = [pick(arns) ?? '', pick([...keyStates, 'pending deletion' as const]) ?? 'healthy']
    const deletion = state === 'pending deletion' ? new Date(clock + (7 + below(24)) * dayMs) : undefined
    states.set(arn, { state, deletion })
    const at = new Date(clock).toISOString()
    return `INSERT INTO key_health (arn, state, since, "nextCheckAt", "deletionDate")
        VALUES ('${arn}', '${state}', '${at}', '${at}', ${text(deletion?.toISOString())})
        ON CONFLICT (arn) DO UPDATE SET state = excluded.state, "deletionDate" = excluded."deletionDate"`
  }
  const events: (() => string)[] = [
    () => save(below(6) === 0 ? [] : some(3).map(typedFor)),
    () => save([...(pick(revisions)?.keys ?? [])]),
    start,
    start,
    start,
    start,
    () => {
      const [id, backup] = pick([...backups]) ?? []
      if (!id || !backup) return ''
      if (below(2) === 0) {
        backups.delete(id)
        return `DELETE FROM backup WHERE id = '${id}'`
      }
      backup.state = pick(['complete', 'failed', 'cancelled', 'deleting']) ?? ''
      return `UPDATE backup SET state = '${backup.state}' WHERE id = '${id}'`
    },
    () => {
      // A re-wrap of everything, of which one backup stops in the middle.
      const [from, to] = [pick(arns) ?? '', pick([...arns, ...rootKeys.keys()]) ?? '']
      const change = pick(['add', 'remove', 'exchange'])
      const middle = pick(complete())?.[0]
      const changed = complete().flatMap(([id, backup]) => {
        const kept = change === 'add' ? backup.keyIds : backup.keyIds.filter((keyId) => keyId !== from)
        const after = [...new Set(change === 'remove' ? kept : [...kept, to])]
        if (after.length === 0 || (change !== 'add' && !backup.keyIds.includes(from))) return []
        if (id === middle) backup.next = after
        else [backup.keyIds, backup.next] = [after, []]
        const { keyIds, next } = backup
        return [`UPDATE backup SET "keyIds" = ${array(keyIds)}, "nextKeyIds" = ${array(next)} WHERE id = '${id}'`]
      })
      return changed.join(';\n')
    },
    () => {
      const id = randomUUID()
      schedules.set(id, true)
      return `INSERT INTO schedule (id, "environmentId", name, source, host, every, minute, keep, "nextRunAt", "createdBy")
        VALUES ('${id}', '${environment}', 's', '/s', 'h', 'daily', 1, 1, now(), 'a@example.test')`
    },
    () => {
      const [id, enabled] = pick([...schedules]) ?? []
      if (!id) return ''
      schedules.set(id, !enabled)
      return `UPDATE schedule SET enabled = ${!enabled} WHERE id = '${id}'`
    },
    () => {
      const id = `root-key/${randomUUID()}`
      const wraps = below(4) === 0 ? ['local/1'] : some(2)
      const values = below(3)
      rootKeys.set(id, { wraps, values })
      return [
        `INSERT INTO root_key (id) VALUES ('${id}')`,
        ...wraps.map((keyId) => wrapRow(id, keyId)),
        ...Array.from(
          { length: values },
          () => `INSERT INTO sealed_value VALUES ('place', '${randomUUID()}', '${id}', ''::bytea)`,
        ),
      ].join(';\n')
    },
    () => {
      // The seal is migrated: every root key gets another wrap, or loses one.
      const to = pick([...arns, 'local/2']) ?? ''
      return [...rootKeys]
        .map(([id, rootKey]) => {
          const [gone] = rootKey.wraps
          const has = rootKey.wraps.includes(to)
          if (has && rootKey.wraps.length > 1 && gone) {
            rootKey.wraps = rootKey.wraps.slice(1)
            return `DELETE FROM root_key_wrap WHERE "rootKeyId" = '${id}' AND "keyId" = '${gone}'`
          }
          if (has) return ''
          rootKey.wraps = [...rootKey.wraps, to]
          return wrapRow(id, to)
        })
        .filter((sql) => sql !== '')
        .join(';\n')
    },
    () => {
      // Time goes by: what was pending deletion may be past it.
      clock += below(12) * dayMs
      return ''
    },
    judge,
    judge,
    judge,
  ]

  const works = (arn: string) => ['healthy', 'degraded', 'unreachable'].includes(states.get(arn)?.state ?? 'healthy')
  const opens = (keyId: string, gone: string): boolean => {
    if (keyId.startsWith('arn:')) return keyId !== gone && works(keyId)
    if (keyId.startsWith('local/')) return true
    return rootKeys.get(keyId)?.wraps.some((wrap) => opens(wrap, gone)) ?? false
  }
  const waysIn = ({ keyIds, next }: Backup) => [...keyIds, ...next]
  const unfinished = ['queued', 'running', 'waiting']

  return {
    below,
    now: () => new Date(clock),
    health(arn: string): { state: KeyState | undefined; daysLeft: number | null | undefined } {
      const known = states.get(arn)
      if (!known) return { state: undefined, daysLeft: undefined }
      // Every day that has begun counts.
      let daysLeft = known.deletion ? 0 : null
      while (known.deletion && daysLeft !== null && clock + daysLeft * dayMs < known.deletion.getTime()) daysLeft += 1
      return { state: known.state, daysLeft }
    },
    happen: () => {
      clock += below(1000) * 60_000
      return pick(events)?.() ?? ''
    },
    named: () => [
      ...new Set(
        [
          ...revisions.flatMap(({ keys }) => keys.map(({ arn }) => arn)),
          ...[...backups.values()]
            .filter(({ state }) => state === 'complete' || unfinished.includes(state))
            .flatMap((one) => (state(one) ? waysIn(one) : one.keyIds)),
          ...[...rootKeys.values()].flatMap(({ wraps }) => wraps),
        ].filter((keyId) => keyId.startsWith('arn:')),
      ),
    ],
    expected(arn: string): KeyHolding {
      const whole = complete().map(([, backup]) => backup)
      const sealed = [...rootKeys].filter(([, { wraps }]) => wraps.includes(arn))
      const isSealed = (backup: Backup) => waysIn(backup).some((keyId) => sealed.some(([id]) => id === keyId))
      const direct = whole.filter((backup) => waysIn(backup).includes(arn))
      const lost = whole.filter(
        (backup) =>
          (waysIn(backup).includes(arn) || isSealed(backup)) && !waysIn(backup).some((keyId) => opens(keyId, arn)),
      )
      const only = sealed.filter(([id]) => !opens(id, arn))
      const running = [...backups.values()].filter((backup) => {
        const keys = revisions.find(({ number }) => number === backup.revision)?.keys ?? []
        return (
          unfinished.includes(backup.state) &&
          (backup.keyIds.length > 0 ? backup.keyIds.includes(arn) : keys.some((key) => key.arn === arn))
        )
      })
      const newest = inForce()
      const position = newest?.keys.findIndex((key) => key.arn === arn) ?? -1
      const uses = newest !== undefined && position >= 0
      const last = revisions.filter(({ keys }) => keys.some((key) => key.arn === arn)).at(-1)
      const enabled = [...schedules.values()].filter(Boolean).length
      return {
        arn,
        ...amount(direct),
        otherWayIn: direct.filter((backup) => waysIn(backup).some((keyId) => opens(keyId, arn))).length,
        lost: amount(lost),
        underWay: running.length,
        environment: uses ? { as: position === 0 ? 'main' : 'further', revision: newest.number } : null,
        schedules: uses ? enabled : 0,
        pausedSchedules: uses ? schedules.size - enabled : 0,
        seal:
          sealed.length === 0
            ? null
            : {
                rootKeys: sealed.length,
                onlyWayIn: only.length,
                secrets: only.reduce((sum, [, { values }]) => sum + values, 0),
                through: amount(whole.filter(isSealed)),
              },
        aliases: aliases(arn),
        named: last ? { revision: last.number, at: last.at.toISOString() } : null,
      }
    },
  }

  function state({ state: now }: Backup): boolean {
    return now === 'complete'
  }

  function aliases(arn: string): KeyHolding['aliases'] {
    const names: { name: string; inForce: boolean }[] = []
    for (const { keys, number } of [...revisions].reverse())
      for (const key of keys)
        if (key.arn === arn && key.typed.startsWith('alias/') && !names.some(({ name }) => name === key.typed))
          names.push({ name: key.typed, inForce: number === inForce()?.number })
    return names
  }
}

function amount(backups: readonly Backup[]): Amount {
  const times = backups.map(({ at }) => at.toISOString()).sort()
  return {
    backups: backups.length,
    bytes: backups.reduce((sum, { bytes }) => sum + bytes, 0),
    oldest: times[0] ?? null,
    newest: times.at(-1) ?? null,
  }
}

const text = (value: string | undefined) => (value === undefined ? 'NULL' : `'${value}'`)
const array = (values: readonly string[]) => `'{${values.map((value) => `"${value}"`).join(',')}}'`
const wrapRow = (id: string, keyId: string) =>
  `INSERT INTO root_key_wrap ("rootKeyId", mechanism, "keyId", ciphertext, context)
    VALUES ('${id}', '${keyId.startsWith('arn:') ? 'awskms' : 'local'}', '${keyId}', ''::bytea, '{}')`

/** Numbers from 0 to 1, always the same ones for a seed (mulberry32). */
function generator(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

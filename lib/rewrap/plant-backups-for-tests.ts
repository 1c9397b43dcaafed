import { connectBackup, openReach } from '#lib/backup/backup-context.ts'
import type { TestConsole } from '#lib/backup/console-for-tests.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import type { SealedEnvelope } from '#lib/backup/envelope.ts'
import { openRow } from '#lib/backup/open-row.ts'
import { type WriteProtection, writeBackup } from '#lib/backup/write-backup.ts'
import { currentEnvironment } from '#lib/environment/access.ts'
import { keyArnsOf } from '#lib/environment/revision-row.ts'

const atOnce = 8

/** What the one file of a planted backup holds. */
export const contentOf = (number: number): string => `backup ${number}\n`.repeat((number % 7) + 1)

/**
 * Complete backups of the settings in force, as fast as they can be made: the pipeline itself wraps a key of its own for
 * each, encrypts and stores segment, entries, manifest and envelope. What is left out is the row's life before it is
 * complete (queue, worker, journal).
 * @returns their IDs; the content of the n-th is `contentOf(first + n)`
 */
export async function plantBackups(
  { context }: Pick<TestConsole, 'context'>,
  count: number,
  first = 0,
): Promise<string[]> {
  const { db, seal } = context
  const { id: environmentId, revision } = await currentEnvironment(db)
  if (!revision) throw new Error('Save an environment first.')
  const { number, region, bucket, prefix, method } = revision
  const place = { environmentId, revision: number, region, bucket, prefix }
  const reach = await openReach(context, place)
  const ids = Array.from({ length: count }, () => uuid7())
  let next = 0
  try {
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let at = next++; at < count; at = next++) {
          const id = ids[at] ?? ''
          const connection = reach.connect({ ...place, id })
          const protection: WriteProtection =
            method === 'AES-256'
              ? { method: 'keys', keys: [seal] }
              : { method: 'keys', keys: keyArnsOf(revision).map((arn) => connection.keyWrapper(arn)) }
          let envelope: SealedEnvelope | undefined
          const bytes = contentOf(first + at)
          const written = await writeBackup({
            store: connection.store,
            identity: connection.identity,
            protection,
            source: { kind: 'stream', name: 'file', bytes: once(Buffer.from(bytes)) },
            attempt: 1,
            onEnvelope: async (made) => {
              envelope = made
            },
          })
          if (!envelope) throw new Error('No envelope was made.')
          await db.backup.create({
            data: {
              ...place,
              id,
              name: `planted ${first + at}`,
              source: `planted ${first + at}`,
              sourceKind: 'stream',
              state: 'complete',
              method,
              keyIds: [...envelope.keyIds],
              generation: envelope.generation,
              envelope: Uint8Array.from(envelope.bytes),
              envelopeSha256: envelope.sha256,
              manifestSha256: written.manifestSha256,
              manifestSize: BigInt(written.manifestSize),
              attempt: 1,
              bytes: BigInt(written.bytes),
              bytesStored: BigInt(written.storedBytes),
              files: written.files,
              startedAt: new Date(),
              finishedAt: new Date(),
              createdBy: actor,
            },
          })
        }
      }),
    )
  } finally {
    reach.close()
  }
  return ids
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

let last = 0
/** In the order in which they are made, as the database makes them. */
function uuid7(): string {
  last = Math.max(last + 1, Date.now())
  const random = crypto.randomUUID()
  const time = last.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}

/** Opens envelope and manifest with each key alone that the row says, as after a crash: with what it remembers too. */
export async function opensAsItsRowSays({ context }: Pick<TestConsole, 'context'>, id: string): Promise<string[]> {
  const row = await context.db.backup.findUniqueOrThrow({ where: { id } })
  const connection = await connectBackup(context, row, 'interactive')
  try {
    for (const keyId of row.keyIds) await openRow({ ...row, keyIds: [keyId] }, alone(connection, keyId, row.nextKeyIds))
    return row.keyIds
  } finally {
    connection.close()
  }
}

/** Only this key is asked for what the row says; for what it is about to say, those of the next envelope. */
function alone(
  connection: Awaited<ReturnType<typeof connectBackup>>,
  keyId: string,
  nextKeyIds: readonly string[],
): Awaited<ReturnType<typeof connectBackup>> {
  return {
    ...connection,
    keyWrapper(asked) {
      if (asked !== keyId && !nextKeyIds.includes(asked))
        throw new Error(`${asked} was asked, and the row says ${keyId}.`)
      return connection.keyWrapper(asked)
    },
  }
}

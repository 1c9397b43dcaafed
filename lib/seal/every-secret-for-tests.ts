import { connectBackup } from '#lib/backup/backup-context.ts'
import { keyIdsOf, openEnvelope } from '#lib/backup/envelope.ts'
import { withServices } from '#lib/cli/attach.ts'
import { openRootKey } from './keyring.ts'
import { openSealed } from './sealed-values.ts'

// Prints what this console must keep to itself, as JSON of names and bytes in base64: root keys, sealed values, and the
// keys of its backups. For tests that then look for each of them everywhere.

await withServices(async ({ backup, seal }) => {
  const { db, installation } = backup
  const secrets: Record<string, string> = {}
  const keep = (name: string, secret: Uint8Array) => {
    secrets[name] = Buffer.from(secret).toString('base64')
  }
  for (const row of await db.rootKey.findMany({ include: { wraps: true } }))
    keep(row.id, (await openRootKey({ db, installation }, seal, row)).key)
  for (const row of await db.sealedValue.findMany()) keep(`${row.place} of ${row.row}`, await openSealed(backup, row))
  for (const row of await db.backup.findMany({ where: { state: 'complete' } })) {
    const { envelope } = row
    if (!envelope) continue
    const connection = await connectBackup(backup, row)
    const keys = keyIdsOf(envelope).map((keyId) => ({ keyId, wrapper: connection.keyWrapper(keyId) }))
    keep(`key of backup ${row.id}`, (await openEnvelope(envelope, keys, connection.identity, {})).backupKey)
    connection.close()
  }
  console.log(JSON.stringify(secrets))
})

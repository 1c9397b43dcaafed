import { type Entry, encodeEntry } from '#lib/archive/entry.ts'
import { MemoryStore } from '#lib/storage/memory-store.ts'
import { encryptedCodec, sha256Of } from './codec.ts'
import { type BackupIdentity, partContext } from './encryption-context.ts'
import { backupFolder, type PartPlace, partName } from './layout.ts'
import type { Part } from './manifest.ts'
import type { OpenedBackup } from './open-backup.ts'

/** An opened backup that lists many files and holds none: `folder-0000/file-000000`, a thousand files in each folder. */
export async function openLongList(files: number, identity: BackupIdentity): Promise<OpenedBackup> {
  const store = new MemoryStore()
  const codec = encryptedCodec(Buffer.alloc(32, 1), identity.backup)
  const entries: Part[] = []
  let lines: string[] = []
  let size = 0
  let first = '.'
  const flush = async () => {
    const content = Buffer.from(lines.join(''))
    const place: PartPlace = { kind: 'entries', attempt: 1, index: entries.length }
    const object = await codec.seal(content, partContext(identity, place))
    await store.create(backupFolder(identity) + partName(place), object)
    entries.push({ place, size: object.length, sha256: sha256Of(object), length: content.length, first })
    lines = []
    size = 0
  }
  const common = { size: 0, mode: 0o755, uid: 0, gid: 0, mtimeNs: 1_700_000_000_000_000_000n, offset: 0, data: 0 }
  const add = async (entry: Entry) => {
    if (lines.length === 0) first = entry.path
    const line = `${encodeEntry(entry)}\n`
    lines.push(line)
    size += line.length
    if (size >= 4 * 1024 * 1024) await flush()
  }
  await add({ ...common, type: 'folder', path: '.' })
  for (let index = 0; index < files; index += 1) {
    const folder = `folder-${String(Math.floor(index / 1000)).padStart(4, '0')}`
    if (index % 1000 === 0) await add({ ...common, type: 'folder', path: folder })
    await add({ ...common, type: 'file', path: `${folder}/file-${String(index).padStart(6, '0')}`, size: index })
  }
  if (lines.length > 0) await flush()
  const totals = { files, folders: Math.ceil(files / 1000) + 1, links: 0, bytes: 0, warnings: 0 }
  return { store, codec, identity, manifest: { createdAt: new Date(0).toISOString(), segments: [], entries, totals } }
}

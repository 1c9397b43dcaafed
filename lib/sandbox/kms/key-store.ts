import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { writeDurably } from '../durable-file.ts'
import { type Alias, isSymmetric, type Key, type Material } from './key.ts'

/** The keys and aliases of one account in one Region: one readable file. */
interface Shelf {
  keys: Key[]
  aliases: Alias[]
}

const day = 86_400_000

/** Every account's keys, in memory and in `kms/<account>/<region>.json`. */
export class KeyStore {
  readonly #folder: string
  readonly #clock: Clock
  readonly #shelves = new Map<string, Shelf>()

  constructor(dataDir: string, clock: Clock) {
    this.#folder = join(dataDir, 'kms')
    this.#clock = clock
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    for (const account of readdirSync(this.#folder)) {
      for (const file of readdirSync(join(this.#folder, account))) {
        if (!file.endsWith('.json')) continue
        const shelf: Shelf = JSON.parse(readFileSync(join(this.#folder, account, file), 'utf8'))
        this.#shelves.set(`${account}/${file.slice(0, -'.json'.length)}`, shelf)
      }
    }
  }

  /** As of now: what has come due since the last look has happened. */
  shelf(account: string, region: string): Shelf {
    const shelf = this.#shelves.get(`${account}/${region}`) ?? { keys: [], aliases: [] }
    if (shelf.keys.length > 0 && this.#settle(shelf)) this.save(account, region)
    return shelf
  }

  key(account: string, region: string, id: string): Key | undefined {
    return this.shelf(account, region).keys.find((key) => key.id === id)
  }

  /** Every key of every account and Region. */
  allKeys(): Key[] {
    return [...this.#shelves.keys()].flatMap((name) => {
      const [account = '', region = ''] = name.split('/')
      return this.shelf(account, region).keys
    })
  }

  add(key: Key): void {
    const name = `${key.account}/${key.region}`
    const shelf = this.#shelves.get(name) ?? { keys: [], aliases: [] }
    this.#shelves.set(name, shelf)
    shelf.keys.push(key)
    this.save(key.account, key.region)
  }

  /** Call after every change: when it returns, the change outlives a crash. */
  save(account: string, region: string): void {
    const folder = join(this.#folder, account)
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
    const shelf = this.#shelves.get(`${account}/${region}`)
    if (shelf) writeDurably(join(folder, `${region}.json`), `${JSON.stringify(shelf, null, 2)}\n`)
  }

  saveKey(key: Key): void {
    this.save(key.account, key.region)
  }

  /** Last usage is not worth a disk flush for every call; it is kept at the next save and at the end. */
  saveAll(): void {
    for (const name of this.#shelves.keys()) {
      const [account = '', region = ''] = name.split('/')
      this.save(account, region)
    }
  }

  /** The key that holds the materials: the primary of a replica, otherwise the key itself. */
  holder(key: Key): Key {
    if (key.multiRegion?.type !== 'REPLICA') return key
    return this.key(key.account, key.multiRegion.primaryRegion, key.id) ?? key
  }

  current(key: Key): Material | undefined {
    return this.holder(key).materials.findLast((material) => !material.pending)
  }

  replicas(key: Key): Key[] {
    return this.allKeys().filter((other) => other.id === key.id && other.multiRegion?.type === 'REPLICA')
  }

  family(key: Key): Key[] {
    return [this.holder(key), ...this.replicas(key)]
  }

  #settle(shelf: Shelf): boolean {
    const now = this.#clock.now()
    let changed = false
    const gone = shelf.keys.filter((key) => key.state === 'PendingDeletion' && (key.deletion?.date ?? now + 1) <= now)
    if (gone.length > 0) {
      shelf.keys = shelf.keys.filter((key) => !gone.includes(key))
      shelf.aliases = shelf.aliases.filter((alias) => !gone.some((key) => key.id === alias.keyId))
      for (const key of gone) this.#replicaGone(key)
      changed = true
    }
    for (const key of shelf.keys) {
      if (this.#expire(key, now)) changed = true
      if (this.#rotate(key, now)) changed = true
    }
    return changed
  }

  /** A primary's own waiting period starts when its last replica is gone. */
  #replicaGone(key: Key): void {
    if (key.multiRegion?.type !== 'REPLICA') return
    const primary = this.#shelves
      .get(`${key.account}/${key.multiRegion.primaryRegion}`)
      ?.keys.find((other) => other.id === key.id)
    if (primary?.state !== 'PendingReplicaDeletion' || !primary.deletion) return
    const left = [...this.#shelves.values()].some((shelf) => {
      return shelf.keys.some((other) => other.id === key.id && other.multiRegion?.type === 'REPLICA')
    })
    if (left) return
    primary.state = 'PendingDeletion'
    primary.deletion.date = this.#clock.now() + primary.deletion.days * day
    this.saveKey(primary)
  }

  #expire(key: Key, now: number): boolean {
    const expired = key.materials.filter((material) => material.secret && (material.validTo ?? now + 1) <= now)
    for (const material of expired) delete material.secret
    if (expired.length === 0) return false
    if (key.state === 'Enabled' || key.state === 'Disabled') key.state = 'PendingImport'
    return true
  }

  #rotate(key: Key, now: number): boolean {
    const rotation = key.rotation
    if (!rotation || key.state !== 'Enabled' || !isSymmetric(key)) return false
    let changed = false
    while (rotation.next <= now) {
      key.materials.push(newMaterial(key.id, rotation.next, 'AUTOMATIC'))
      rotation.next += rotation.days * day
      changed = true
    }
    return changed
  }
}

export function materialId(keyId: string, secret: Buffer): string {
  return createHash('sha256').update(keyId).update(secret).digest('hex')
}

export function newMaterial(keyId: string, since: number, rotation?: 'AUTOMATIC' | 'ON_DEMAND'): Material {
  const secret = randomBytes(32)
  const material: Material = { id: materialId(keyId, secret), secret: secret.toString('base64'), since }
  if (rotation) material.rotation = rotation
  return material
}

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { cleanUpBackup, cleanUpDue } from './clean-up.ts'
import { actor } from './console-for-tests.ts'
import { deleteBackup } from './delete-backup.ts'
import type { Lane } from './fault-lane-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { runRestore } from './run-restore.ts'
import { runVerification } from './run-verification.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'
import { startVerification } from './start-verification.ts'

/** Whatever takes longer hangs: ten tries of every request, with the SDK's longest waits, take a third of it. */
const hangsAfterMs = 5 * 60_000
const bucket = 'vault-hosted-us-east-1'

const damages = ['Outage', 'Throttle', 'InternalError', 'Reset', 'Truncate', 'CorruptBody', 'Latency', 'AccessDenied']
type Phase = 'backup' | 'restore' | 'verify' | 'delete'
/** What each phase asks of KMS and S3. */
const operations: Record<Phase, readonly string[]> = {
  backup: ['Encrypt', 'PutObject', 'PutObject', 'HeadObject', 'Decrypt', 'ListObjectsV2', 'DeleteObjects'],
  restore: ['Decrypt', 'GetObject', 'GetObject'],
  verify: ['Decrypt', 'GetObject', 'HeadObject'],
  delete: ['ListObjectsV2', 'DeleteObjects'],
}

/** One backup, from its start until nothing of it is left. */
export class Life {
  readonly #lane: Lane
  readonly #random: () => number
  readonly #lasting: boolean
  readonly #outcomes: string[] = []
  /** What struck, for whoever reads of trouble. */
  #armed = ''

  constructor(lane: Lane, random: () => number, lasting: boolean) {
    this.#lane = lane
    this.#random = random
    this.#lasting = lasting
  }

  /** @returns how each of its parts ended */
  async live(): Promise<string[]> {
    const { context, db } = this.#lane.console
    const source = this.#plant()
    try {
      const id = await startBackup(context, { source, name: '' }, 'page', actor)
      if (await this.#backUp(id)) {
        const restored = await this.#restore(id, source)
        await this.#verify(id)
        // Whatever was said before: a complete backup is the source.
        if (!restored) expect(await this.#restoreOnce(id, source), this.#armed).toBe('complete')
        await this.#delete(id)
      } else await this.#cleanUp(id)
      const { Contents = [] } = await this.#lane.sandbox
        .s3()
        .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${this.#lane.console.environment}/` }))
      expect(
        Contents.map(({ Key }) => Key),
        `${this.#armed}; ${this.#outcomes}`,
      ).toEqual([])
      expect(await db.backupPart.count()).toBe(0)
      return this.#outcomes
    } finally {
      rmSync(source, { recursive: true })
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #oneOf<T>(list: readonly T[]): T {
    const one = list[this.#below(list.length)]
    if (one === undefined) throw new Error('There is nothing to choose from.')
    return one
  }

  #plant(): string {
    const source = path.join(this.#lane.console.context.sourceRoots[0] ?? '', `source-${this.#below(1e9)}`)
    mkdirSync(source)
    for (let file = 0; file < 5; file += 1)
      writeFileSync(path.join(source, `file-${file}`), randomBytes(this.#below(60_000)))
    // Some have several segments.
    if (this.#random() < (this.#lasting ? 0.25 : 0.1))
      writeFileSync(path.join(source, 'large'), randomBytes((20 << 20) + this.#below(15 << 20)))
    return source
  }

  async #arm(phase: Phase): Promise<void> {
    const faults = Array.from({ length: 1 + this.#below(2) }, () => {
      const operation = this.#oneOf(operations[phase])
      const service = operation === 'Encrypt' || operation === 'Decrypt' ? 'kms' : 's3'
      // KMS's answers carry no checksum: what changes one on its way is TLS's to see, and there is none here.
      const effect = this.#oneOf(service === 'kms' ? damages.filter((one) => one !== 'CorruptBody') : damages)
      const often = [{ times: 1 }, { times: 2 }, { probability: 0.3, seed: this.#below(1000) }]
      if (this.#lasting) often.push({ times: 1 + this.#below(8) })
      const always = this.#lasting || effect === 'AccessDenied' || effect === 'Latency'
      const howOften = this.#oneOf(always ? [...often, {}] : often)
      return {
        service,
        operation,
        effect,
        ...howOften,
        ...(effect === 'Latency' && { latencyMs: 1 + this.#below(400) }),
      }
    })
    await this.#lane.sandbox.control('PUT', 'faults', faults)
    const kinds = (['reset', 'truncate', 'lose', 'delay'] as const).filter(() => this.#random() < 0.5)
    const probability = this.#random() < 0.5 || kinds.length === 0 ? 0 : this.#random() * 0.4
    this.#lane.network.setWeather(probability > 0 ? { probability, kinds, random: this.#random } : undefined)
    this.#armed = `${phase}, ${JSON.stringify(faults)}, network ${probability.toFixed(2)} ${kinds}`
  }

  /** @returns whether it is complete in the end */
  async #backUp(id: string): Promise<boolean> {
    const { context, db } = this.#lane.console
    const look = () => db.backup.findUniqueOrThrow({ where: { id } })
    if (this.#random() < 0.3) {
      const stop = new AbortController()
      this.#lane.network.afterBytes(this.#below(30 << 20), () => stop.abort(new Error('This worker is stopping.')))
      await this.#bounded((signal) => runBackup(context, id, AbortSignal.any([signal, stop.signal]))).catch((error) => {
        if (error !== stop.signal.reason) throw error
        this.#outcomes.push('backup interrupted')
      })
    }
    await this.#arm('backup')
    await this.#bounded((signal) => runBackup(context, id, signal))
    const { state, error, manifestSha256 } = await look()
    this.#ended('backup', state, error)
    await this.#lane.calm()
    if (state === 'waiting') {
      await this.#bounded((signal) => runBackup(context, id, signal))
      expect(await look(), this.#armed).toMatchObject({ state: 'complete', error: null })
      return true
    }
    if (state === 'failed') expect(manifestSha256, this.#armed).toBeNull()
    return state === 'complete'
  }

  /** @returns whether it was restored */
  async #restore(id: string, source: string): Promise<boolean> {
    await this.#arm('restore')
    const state = await this.#restoreOnce(id, source)
    await this.#lane.calm()
    return state === 'complete'
  }

  async #restoreOnce(backupId: string, source: string): Promise<string> {
    const { context, db } = this.#lane.console
    const target = path.join(context.restoreRoots[0] ?? '', `target-${this.#below(1e9)}`)
    const id = await startRestore(context, { backupId, target }, 'page', actor)
    await this.#bounded((signal) => runRestore(context, id, signal))
    let { state, error } = await db.restore.findUniqueOrThrow({ where: { id } })
    this.#ended('restore', state, error)
    if (state === 'waiting') {
      await this.#lane.calm()
      await this.#bounded((signal) => runRestore(context, id, signal))
      ;({ state, error } = await db.restore.findUniqueOrThrow({ where: { id } }))
      expect({ state, error }, this.#armed).toEqual({ state: 'complete', error: null })
    }
    if (state === 'complete') expect(describeTree(target), this.#armed).toEqual(describeTree(source))
    else expect(existsSync(target), this.#armed).toBe(false)
    rmSync(target, { recursive: true, force: true })
    return state
  }

  async #verify(backupId: string): Promise<void> {
    const { context, db } = this.#lane.console
    const depth = this.#oneOf(['quick', 'full'] as const)
    const id = await startVerification(context, { backupId, depth }, actor)
    await this.#arm('verify')
    await this.#bounded((signal) => runVerification(context, id, signal))
    await this.#lane.calm()
    let { state, error, problems } = await db.backupVerification.findUniqueOrThrow({ where: { id } })
    this.#ended('verify', state, error)
    if (state === 'waiting') {
      await this.#bounded((signal) => runVerification(context, id, signal))
      ;({ state, error, problems } = await db.backupVerification.findUniqueOrThrow({ where: { id } }))
      expect({ state, error }, this.#armed).toEqual({ state: 'complete', error: null })
    }
    // What arrives damaged every time is not told from what is damaged: then the object is named. Nothing else is.
    if (state === 'complete' && !this.#armed.includes('CorruptBody')) expect(problems, this.#armed).toEqual([])
  }

  async #delete(id: string): Promise<void> {
    const { context, db } = this.#lane.console
    await deleteBackup(context, id, actor)
    await this.#arm('delete')
    await this.#bounded(() => cleanUpBackup(context, id))
    await this.#lane.calm()
    const row = await db.backup.findUnique({ where: { id } })
    // Deleted, and to be looked at once more: there is nothing to say of that.
    if (row && row.error === null) this.#outcomes.push('delete settling')
    else this.#ended('delete', row ? 'waiting' : 'complete', row?.error ?? null)
    await this.#cleanUp(id)
    expect(await db.backup.findUnique({ where: { id } }), this.#armed).toBeNull()
  }

  /** The pass, as if so much time had gone by that it is due. */
  async #cleanUp(id: string): Promise<void> {
    const { context, db } = this.#lane.console
    // The pass comes two minutes later: what was on its way has then long arrived, and been stored.
    for (let quiet = 0; quiet < 10; quiet += 1) {
      if (this.#lane.sandbox.sandbox.underWay() > 0) quiet = 0
      await sleep(100)
    }
    const finishedAt = new Date(Date.now() - 600_000)
    await db.backup.updateMany({ where: { id }, data: { nextTryAt: null, finishedAt } })
    await this.#bounded((signal) => cleanUpDue(context, signal))
  }

  #ended(part: string, state: string, error: string | null): void {
    this.#outcomes.push(`${part} ${state}`)
    expect(['complete', 'waiting', 'failed'], this.#armed).toContain(state)
    if (state === 'complete') expect(error, this.#armed).toBeNull()
    else mustBeSentences(error ?? '', this.#armed)
  }

  async #bounded(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const hung = Promise.withResolvers<never>()
    const ending = new AbortController()
    const timer = setTimeout(() => {
      const error = new Error(`It hangs: ${this.#armed}`)
      ending.abort(error)
      hung.reject(error)
    }, hangsAfterMs)
    try {
      await Promise.race([run(ending.signal), hung.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Words for a person, not what a program says to itself. */
function mustBeSentences(text: string, armed: string): void {
  if (!/^[A-Z][^\n]{20,}\.$/.test(text) || /undefined|\[object|Error:|socket|Prisma/.test(text))
    throw new Error(`No sentence for a person: “${text}” (${armed})`)
}

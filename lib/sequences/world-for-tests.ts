import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { type Gate, openGate } from '#lib/aws/gate-for-tests.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import { seededRandom } from '#lib/backup/workers-for-tests.ts'
import { isLostConnection } from '#lib/database-trouble.ts'
import { isDatabaseError } from '#lib/errors.ts'
import { cleanUpPass } from '#lib/jobs/do-job.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import type { SealHost } from '#lib/seal/open-seal.ts'
import { runShreds } from '#lib/shred/run-shreds.ts'
import { type ConsoleCopy, copyConsole, forgetCopy, putConsoleBack } from './console-copy-for-tests.ts'
import { type Manner, Workers } from './workers-for-tests.ts'

// A console, an AWS behind a gate, and the time of both.

export const buckets = { hosted: 'vault-hosted-us-east-1', plain: 'own-plain', versions: 'own-versions' } as const

export class World {
  readonly sandbox: TestSandbox
  readonly gate: Gate
  readonly here: TestConsole
  /** Another one for each start of the console. */
  context: BackupContext
  sealHost: SealHost
  readonly keys: readonly string[]
  /** Wraps root keys and nothing else. */
  readonly sealKey: string
  /** Keys that are switched off or cannot be reached, and how. */
  readonly outages = new Map<string, 'disabled' | 'unreachable'>()
  /** Something was out of reach at some time of this step. */
  wasOut = false
  readonly copies: ConsoleCopy[] = []
  /** What was done, for whoever reads of trouble. */
  readonly done: string[] = []
  readonly #workers = new Workers(this)
  #random: () => number
  /** The console's time is that much later. */
  #laterMs = 0

  private constructor(sandbox: TestSandbox, gate: Gate, here: TestConsole, keys: readonly string[], sealKey: string) {
    this.sandbox = sandbox
    this.gate = gate
    this.here = here
    this.context = here.context
    this.sealHost = { dataDir: here.context.dataDir, configFile: undefined, variables: {}, own: here.context.own }
    this.keys = keys
    this.sealKey = sealKey
    this.#random = seededRandom(0)
  }

  static async open(): Promise<World> {
    const sandbox = await openTestSandbox()
    const gate = await openGate(sandbox.sandbox.endpoint)
    const here = await openTestConsole({ endpoint: gate.endpoint, credentials: sandbox.administrator })
    for (const Bucket of [buckets.plain, buckets.versions]) await sandbox.s3().send(new CreateBucketCommand({ Bucket }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await sandbox.s3().send(new PutBucketVersioningCommand({ Bucket: buckets.versions, VersioningConfiguration }))
    const made = [new CreateKeyCommand({}), new CreateKeyCommand({})].map((wish) => sandbox.kms().send(wish))
    const [third = '', sealKey = ''] = (await Promise.all(made)).map(({ KeyMetadata }) => KeyMetadata?.Arn ?? '')
    const keys = [keyArn(sandbox.info, 'backups'), keyArn(sandbox.info, 'archive'), third]
    return new World(sandbox, gate, here, keys, sealKey)
  }

  get db() {
    return this.here.db
  }

  /** Nothing is out of reach: all that waits must go on. */
  get calm(): boolean {
    return this.outages.size === 0
  }

  /** Each step has numbers of its own, so that what one takes of them changes nothing for the next. */
  reseed(seed: number): void {
    this.#random = seededRandom(seed)
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  maybeOneOf<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)]
  }

  oneOf<T>(list: readonly T[]): T {
    const one = this.maybeOneOf(list)
    if (one === undefined) throw new Error('There is nothing to choose from.')
    return one
  }

  now(): Date {
    return new Date(Date.now() + this.#laterMs)
  }

  /** Of the next requests some are done, and nobody hears of it. */
  loseAnswers(): void {
    const random = seededRandom(this.below(1e9))
    this.gate.loseAnswers(() => random() < 0.2, 1 + this.below(3))
  }

  /** Minutes that the shredder sees go by; it looks every few minutes, as a worker's does. */
  async later(minutes: number): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 3) {
      this.#laterMs += 3 * 60_000
      await this.#workers.chore('shred', (signal) => runShreds(this.context, signal, { now: () => this.now() }))
    }
  }

  /** The pass of every minute, as if so much time had gone by that all which waits for it is due. */
  async cleanUp(): Promise<void> {
    const finishedAt = new Date(Date.now() - 600_000)
    await this.db.backup.updateMany({ where: { finishedAt: { gt: finishedAt } }, data: { finishedAt } })
    const ended = { in: ['failed' as const, 'cancelled' as const, 'deleting' as const, 'complete' as const] }
    await this.db.backup.updateMany({ where: { state: ended }, data: { nextTryAt: null } })
    await this.#workers.chore('clean-up', (signal) => cleanUpPass(this.context, signal))
  }

  /** All that is due, and what comes of it. */
  work(manner: Manner, meanwhile?: () => Promise<void>): Promise<void> {
    return this.#workers.work(manner, meanwhile)
  }

  /** @returns its number */
  async keepCopy(): Promise<number> {
    this.copies.push(await copyConsole(this.here.url, this.sealHost))
    await this.#reachDatabase()
    return this.copies.length
  }

  /** The console is stopped, and started anew with what was kept. */
  async putBack(copy: ConsoleCopy): Promise<void> {
    await putConsoleBack(this.here.url, copy)
    await this.#reachDatabase()
    this.sealHost = copy.sealHost
  }

  /** Until no pool holds a connection any more that was ended. */
  async #reachDatabase(): Promise<void> {
    for (let well = 0; well < 12; well += 1)
      await Promise.all([this.db.$queryRaw`SELECT 1`, this.context.jobs.getQueue('backup')]).catch((error: unknown) => {
        if (!isDatabaseError(error) && !isLostConnection(error)) throw error
        well = 0
      })
  }

  async close(): Promise<void> {
    for (const copy of this.copies) await forgetCopy(this.here.url, copy)
    await this.here.close()
    await this.gate.close()
    await this.sandbox.close()
  }
}

import { hostname } from 'node:os'
import type { Gate } from '#lib/aws/gate-for-tests.ts'
import type { BackupContext } from '#lib/backup/backup-context.ts'
import { isDatabaseError } from '#lib/errors.ts'
import { doJob, giveUpJob } from '#lib/jobs/do-job.ts'
import { deadQueue, jobPayload, type Queue, queueName, queues } from '#lib/jobs/queue.ts'

// Workers' code in this process, with the jobs that are in the queue: what nobody enqueues is never done.

/** Whatever takes longer hangs. */
const hangsAfterMs = 120_000
const mostRounds = 60

/**
 * How workers go about what is due. `stopped`: the worker of the first job is told to stop in the middle. `frozen`: it
 * is taken for dead in the middle, and wakes up while or after another does its job. `cut off`: it loses the database in
 * the middle, and finds it again. `copied`: so, because the database is copied meanwhile.
 */
export const manners = ['in turn', 'at once', 'stopped', 'frozen', 'cut off', 'copied'] as const
export type Manner = (typeof manners)[number]

interface Due {
  readonly queue: Queue
  /** As the queue is called. */
  readonly name: string
  readonly dead: boolean
  readonly job: string
  readonly id: string
}

/** Where they work, and the dice. */
export interface Site {
  readonly gate: Gate
  readonly context: BackupContext
  /** Nothing is out of reach: all that waits must go on. */
  readonly calm: boolean
  below(limit: number): number
  oneOf<T>(list: readonly T[]): T
  keepCopy(): Promise<unknown>
}

export class Workers {
  readonly #site: Site

  constructor(site: Site) {
    this.#site = site
  }

  /**
   * Does all that is due, and what comes of it.
   * @param meanwhile done while a request of the first jobs waits for its answer
   */
  async work(manner: Manner, meanwhile?: () => Promise<void>): Promise<void> {
    await this.#becomeDue()
    let open = manner !== 'in turn' && manner !== 'at once'
    const frozen: { wake(): void; ended: Promise<unknown> }[] = []
    const wake = this.#site.oneOf(['before', 'after'] as const)
    const other = meanwhile && this.#atRequest(1 + this.#site.below(8), meanwhile)
    for (let rounds = 0; ; rounds += 1) {
      if (this.#site.calm) await this.#becomeDue()
      const due = await this.#fetch()
      if (due.length === 0) {
        if (other && !other.isOver()) await other.insist()
        else if (frozen.length > 0)
          await Promise.all(
            frozen.splice(0).map(({ wake, ended }) => {
              wake()
              return ended
            }),
          )
        else return
        continue
      }
      if (rounds > mostRounds) throw new Error(`There is no end of jobs: ${due.map(({ name }) => name)}`)
      if (manner === 'at once') await Promise.all(due.map((one) => this.#run(one)))
      else
        for (const one of due) {
          if (open && !one.dead) {
            open = false
            if (manner === 'stopped') await this.#stop(one)
            else if (manner === 'cut off') await this.#cutOff(one, () => this.#cutAll())
            else if (manner === 'copied') await this.#cutOff(one, () => this.#site.keepCopy())
            else {
              const sleeper = await this.#freeze(one)
              if (sleeper && wake === 'before') sleeper.wake()
              if (sleeper) frozen.push(sleeper)
            }
          } else await this.#run(one)
        }
    }
  }

  /** As if the time of every next try had come. */
  async #becomeDue(): Promise<void> {
    await this.#site.context.db
      .$executeRaw`UPDATE pgboss.job SET start_after = now() WHERE state IN ('created', 'retry')`
  }

  async #fetch(): Promise<Due[]> {
    const due: Due[] = []
    for (const queue of queues)
      for (const name of [queueName(queue, ''), queueName(queue, hostname()), deadQueue(queue)])
        for (const { id: job, data } of await this.#site.context.jobs.fetch(name, { batchSize: 100 }))
          due.push({ queue, name, dead: name === deadQueue(queue), job, id: jobPayload.parse(data).id })
    return due
  }

  /** @param mayThrow what it throws when it is to be done again */
  async #run(
    { queue, name, dead, job, id }: Due,
    { stop, mayThrow }: { stop?: AbortSignal; mayThrow?: (error: unknown) => boolean } = {},
  ): Promise<void> {
    const { jobs } = this.#site.context
    const again = () => jobs.fail(name, job).catch(() => jobs.fail(name, job))
    try {
      await bounded(`${name} ${id}`, (signal) =>
        dead
          ? giveUpJob(this.#site.context, queue, id)
          : doJob(this.#site.context, queue, id, stop ? AbortSignal.any([signal, stop]) : signal),
      )
    } catch (error) {
      if (!mayThrow?.(error)) throw error
      await again()
      return this.#becomeDue()
    }
    // A worker that cannot say that it has done its job is taken for dead.
    await jobs.complete(name, job).catch(again)
  }

  async #stop(due: Due): Promise<void> {
    const stopping = new AbortController()
    const stop = async () => stopping.abort(new Error('This worker is stopping.'))
    const cut = this.#atRequest(1 + this.#site.below(10), stop)
    await this.#run(due, { stop: stopping.signal, mayThrow: () => stopping.signal.aborted })
    await cut.giveUp()
  }

  async #cutAll(): Promise<void> {
    await this.#site.context.db.$executeRaw`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`
  }

  async #cutOff(due: Due, cutAll: () => Promise<unknown>): Promise<void> {
    const cut = this.#atRequest(1 + this.#site.below(10), async () => void (await cutAll()))
    await this.#run(due, { mayThrow: isDatabaseError })
    await cut.giveUp()
  }

  /** @returns undefined when it ended before */
  async #freeze({ queue, name, job, id }: Due): Promise<{ wake(): void; ended: Promise<unknown> } | undefined> {
    let left = 1 + this.#site.below(10)
    let cold = false
    const hold = this.#site.gate.hold(() => !cold && --left <= 0)
    const ended = bounded(`frozen ${name} ${id}`, (signal) => doJob(this.#site.context, queue, id, signal)).catch(
      (error) => {
        // Whatever it says when it finds that another has its job: nobody listens any more.
        if (!cold || error instanceof Hung) throw error
      },
    )
    const first = await Promise.race([ended.then(() => 'ended'), hold.arrived(1).then(() => 'held')])
    cold = true
    if (first === 'ended') {
      hold.release()
      await this.#site.context.jobs.complete(name, job)
      return undefined
    }
    // As when nothing is heard of a worker any more.
    await this.#site.context.jobs.fail(name, job)
    await this.#becomeDue()
    return { wake: () => hold.release(), ended }
  }

  /** Some workers do it: one of them may be stopped in the middle, or two do it at once. */
  async chore(what: string, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const once = () => bounded(what, run)
    const manner = this.#site.below(10)
    if (manner === 0) await Promise.all([once(), once()])
    if (manner === 1) {
      const stopping = new AbortController()
      const stop = async () => stopping.abort(new Error('This worker is stopping.'))
      const cut = this.#atRequest(1 + this.#site.below(6), stop)
      await bounded(what, (signal) => run(AbortSignal.any([signal, stopping.signal]))).catch((error: unknown) => {
        if (!stopping.signal.aborted || error !== stopping.signal.reason) throw error
      })
      await cut.giveUp()
    }
    await once()
  }

  /** Does something while the request of that number waits for its answer. */
  #atRequest(number: number, run: () => Promise<void>) {
    let left = number
    let over = false
    let begun: Promise<void> | undefined
    const hold = this.#site.gate.hold(() => begun === undefined && --left <= 0, 1)
    const begin = () => {
      begun ??= run().finally(() => {
        over = true
        hold.release()
      })
      return begun
    }
    const arrived = hold.arrived(1).then(() => (over ? undefined : begin()))
    arrived.catch(() => {})
    return {
      /** Now, if that request never came. */
      insist: () => begin(),
      /** Not at all, if it never came. */
      async giveUp() {
        over = true
        hold.release()
        await begun
      },
      isOver: () => over,
    }
  }
}

class Hung extends Error {}

export async function bounded<T>(what: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const hung = Promise.withResolvers<never>()
  const ending = new AbortController()
  const timer = setTimeout(() => {
    const error = new Hung(`It hangs: ${what}`)
    ending.abort(error)
    hung.reject(error)
  }, hangsAfterMs)
  try {
    return await Promise.race([run(ending.signal), hung.promise])
  } finally {
    clearTimeout(timer)
  }
}

import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, messageOf } from '#lib/errors.ts'
import { isFull, lastLines } from './log-file.ts'
import { signalProcess } from './process-identity.ts'

/** One of the console's processes. */
export interface Part {
  /** As people read it: “the worker”. */
  readonly name: string
  readonly logFile: string
  readonly stopSignal: NodeJS.Signals
  spawn(): ChildProcess | Promise<ChildProcess>
  /** Settles when the part can do its work. Need not notice that the child ends. */
  ready(child: ChildProcess): Promise<void>
  /** Asked when it died too often: a cause that can be told without its log. */
  trouble?(): Promise<AppError | undefined>
}

export interface Events {
  onSpawn(part: Part, pid: number): void
  onRestart(part: Part, reason: string): void
  /** It died too often: nothing but a person can help. */
  onGiveUp(error: AppError): void
}

export interface KeptPart {
  readonly part: Part
  /** The first time that it is ready. Rejected when that never comes. */
  readonly ready: Promise<void>
  /** Asks it to stop, and after `graceMs` makes it. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>
}

/** It is given up after so many deaths in a row… */
const quickDeaths = 5
/** …none of which came later than this after its start. */
const quickMs = 30_000
/** Before the first restart; doubled for each further one. */
const backoffMs = 250

/** Starts a part, and again whenever it ends by itself. */
export function keepRunning(part: Part, events: Events): KeptPart {
  const stop = new AbortController()
  const firstReady = Promise.withResolvers<void>()
  // Whoever stops a part early has no use for the rejection.
  firstReady.promise.catch(() => undefined)
  let child: ChildProcess | undefined

  async function liveOnce(): Promise<string> {
    child = await part.spawn()
    const exited = exitOf(child)
    if (child.pid) events.onSpawn(part, child.pid)
    try {
      await Promise.race([
        part.ready(child),
        exited.then((reason) => Promise.reject(new AppError('unavailable', reason))),
      ])
    } catch (error) {
      kill(child)
      await exited
      throw error
    }
    firstReady.resolve()
    return exited
  }

  async function live(): Promise<void> {
    for (let deaths = 0; !stop.signal.aborted; ) {
      const born = performance.now()
      const reason = await liveOnce().catch(messageOf)
      if (stop.signal.aborted) break
      deaths = performance.now() - born < quickMs ? deaths + 1 : 1
      if (deaths >= quickDeaths) {
        const error = (await part.trouble?.()) ?? hopeless(part, deaths, reason)
        firstReady.reject(error)
        events.onGiveUp(error)
        return
      }
      events.onRestart(part, reason)
      await sleep(backoffMs * 2 ** (deaths - 1), undefined, { signal: stop.signal }).catch(() => undefined)
    }
    firstReady.reject(new AppError('unavailable', `${part.name} was stopped.`))
  }

  const ended = live()
  return {
    part,
    ready: firstReady.promise,
    async stop(graceMs) {
      stop.abort()
      if (child?.pid && isRunning(child)) signalProcess(child.pid, graceMs > 0 ? part.stopSignal : 'SIGKILL')
      const killing = setTimeout(() => child && kill(child), graceMs)
      await ended
      clearTimeout(killing)
    },
  }
}

/** How a child ended, in words. */
export function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))
  })
}

/** Ends a child and all that it started. Children are started detached, as the head of a process group. */
export function kill(child: ChildProcess): void {
  if (child.pid && isRunning(child)) signalProcess(-child.pid, 'SIGKILL')
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

function hopeless(part: Part, deaths: number, reason: string): AppError {
  const what = `${part.name} stopped ${deaths} times in a row (${reason}), so the console stops too.`
  // Then the log is silent about it.
  if (isFull(part.logFile))
    return new AppError('unavailable', `${what} The disk of ${part.logFile} is full.`, {
      fix: 'Make room on it, then start again.',
    })
  const words = lastLines(part.logFile, 8).map((line) => `\n  ${line.slice(0, 300)}`)
  return new AppError('unavailable', `${what} The end of ${part.logFile}:${words.join('')}`)
}

import { subscribe } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'
import pg from 'pg'

/** A process kills itself (kill -9) the n-th time that it comes to a point. */
export interface KillPoint {
  /** One of `killPoints`. */
  readonly at: string
  readonly nth: number
  /** Milliseconds after it. 0: at that very moment. */
  readonly afterMs: number
}

const statements = {
  claim: /^UPDATE "public"\."rewrap" SET "state"/,
  'read row': /^SELECT [\s\S]* FROM "public"\."backup"/,
  'remember next': /^UPDATE "public"\."backup" SET "nextEnvelope" = \$\d+, "nextEnvelopeSha256" = \$\d+, "nextKeyIds"/,
  follow: /^UPDATE "public"\."backup" SET[\s\S]*"generation"/,
  count: /^UPDATE "public"\."rewrap" SET "done"/,
  commit: /^COMMIT/,
  list: /^INSERT INTO "public"\."rewrap_failure"/,
  audit: /^INSERT INTO "public"\."audit_event"/,
} as const
const calls = ['kms Decrypt', 'kms Encrypt', 's3 GET', 's3 PUT'] as const

/** Every step of a re-wrap, by what it sends to the database or to AWS: before it is sent, and when the answer is there. */
export const killPoints: readonly string[] = [...Object.keys(statements), ...calls].flatMap((step) => [
  `before ${step}`,
  `after ${step}`,
])

/** What comes once in a re-wrap; everything else comes for each backup. */
export const comesOnce = (at: string): boolean => /claim|audit|list/.test(at)

/** From now on this process ends at that point. Without one it only counts. */
export function armKillPoint(point: KillPoint | undefined): { met(): Readonly<Record<string, number>> } {
  const met: Record<string, number> = {}
  const come = (name: string) => {
    met[name] = (met[name] ?? 0) + 1
    if (name !== point?.at || met[name] !== point.nth) return
    if (point.afterMs === 0) process.kill(process.pid, 'SIGKILL')
    else setTimeout(() => process.kill(process.pid, 'SIGKILL'), point.afterMs)
  }

  const query = pg.Client.prototype.query
  Reflect.set(pg.Client.prototype, 'query', function (this: pg.Client, ...given: unknown[]) {
    const text = textOf(given[0])
    const steps = Object.entries(statements).flatMap(([step, pattern]) => (pattern.test(text) ? [step] : []))
    for (const step of steps) come(`before ${step}`)
    const answer: unknown = Reflect.apply(query, this, given)
    if (answer instanceof Promise)
      answer.then(
        () => {
          for (const step of steps) come(`after ${step}`)
        },
        () => {},
      )
    return answer
  })

  const callOf = (message: unknown): string | undefined => {
    const request =
      typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined
    if (!(request instanceof ClientRequest)) return undefined
    const target = request.getHeader('x-amz-target')
    const step = typeof target === 'string' ? target.replace('TrentService.', 'kms ') : `s3 ${request.method}`
    return calls.find((known) => known === step)
  }
  subscribe('http.client.request.start', (message) => {
    const step = callOf(message)
    if (step) come(`before ${step}`)
  })
  subscribe('http.client.response.finish', (message) => {
    const step = callOf(message)
    if (step) come(`after ${step}`)
  })
  return { met: () => met }
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query
  return typeof query === 'object' && query !== null && 'text' in query && typeof query.text === 'string'
    ? query.text
    : ''
}

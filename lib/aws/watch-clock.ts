import type { AwsClients } from './clients.ts'

/** How far this machine's clock is ahead of AWS's (below 0: behind), in milliseconds, from the answers that came so far. */
export interface ClockWatch {
  offsetMs(): number | undefined
}

/** Reads the Date header of every answer: to the second, so only an offset of seconds means anything. */
export function watchClock(clients: readonly Pick<AwsClients, 'kms' | 's3' | 'sts'>[]): ClockWatch {
  let best: { offset: number; tripMs: number } | undefined
  const note = (sent: number, response: unknown) => {
    const headers: Record<string, unknown> = Object(Object(response).headers)
    const date = Date.parse(String(headers.date ?? ''))
    if (Number.isNaN(date)) return
    const received = Date.now()
    const tripMs = received - sent
    // The quickest answer tells it best. Half a second is what the header leaves out on average.
    if (!best || tripMs < best.tripMs) best = { offset: (sent + received) / 2 - (date + 500), tripMs }
  }
  const place = { step: 'deserialize', priority: 'low', name: 'watchClock' } as const
  // Innermost of all, so that it sees refusals too.
  for (const { kms, s3, sts } of clients) {
    kms.middlewareStack.add((next) => async (args) => watched(next(args)), place)
    s3.middlewareStack.add((next) => async (args) => watched(next(args)), place)
    sts.middlewareStack.add((next) => async (args) => watched(next(args)), place)
  }
  async function watched<T extends { response: unknown }>(answer: Promise<T>): Promise<T> {
    const sent = Date.now()
    const result = await answer
    note(sent, result.response)
    return result
  }
  return { offsetMs: () => best?.offset }
}

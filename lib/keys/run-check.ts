import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { type AwsFault, faultOf, isOnTheWay } from '#lib/aws/fault.ts'
import { AppError } from '#lib/errors.ts'
import { type Check, type CheckId, checkTitles } from './schema.ts'

/** Names a check: what it tries, and of which key. */
export interface CheckOf {
  readonly id: CheckId
  readonly key?: number
}

/** What came of a call that succeeded. */
export interface Outcome extends Partial<Pick<Check, 'status' | 'cause' | 'who' | 'fix' | 'remedies'>> {
  readonly detail: string
  readonly requestId: string | undefined
}

/** Runs one call and makes a check of what comes of it. An AppError is an answer that AWS would never give. */
export async function runCheck<T extends Outcome>(
  of: CheckOf,
  run: () => Promise<T>,
  explain: (fault: AwsFault) => Diagnosis | Promise<Diagnosis>,
): Promise<{ check: Check; answer: T | undefined; fault: AwsFault | undefined }> {
  const started = performance.now()
  const took = () => Math.round(performance.now() - started)
  try {
    const answer = await run()
    return { answer, fault: undefined, check: passed(of, answer, took()) }
  } catch (error) {
    const durationMs = took()
    if (error instanceof AppError)
      return { answer: undefined, fault: undefined, check: broken(of, error.message, durationMs) }
    const fault = faultOf(error)
    return { answer: undefined, fault, check: failed(of, fault, await explain(fault), durationMs) }
  }
}

/**
 * Runs a call that only makes the report richer: nothing fails because it is not allowed or not there.
 * @param action the permission it would need
 */
export async function runLookup(of: CheckOf, action: string, run: () => Promise<Outcome>): Promise<Check> {
  const started = performance.now()
  const took = () => Math.round(performance.now() - started)
  try {
    return passed(of, await run(), took())
  } catch (error) {
    const fault = faultOf(error)
    const { code, message, requestId } = fault
    const detail = /^AccessDenied/.test(code)
      ? `Not looked at: it would need ${action}, and nothing else does.`
      : isOnTheWay(fault)
        ? 'Not looked at: AWS gave no usable answer for it.'
        : `Not known: AWS answered ${code}.`
    const aws = { awsCode: code, awsMessage: message, awsRequestId: requestId }
    return { ...skipped(of, detail), ...aws, durationMs: took() }
  }
}

export function skipped(of: CheckOf, detail: string): Check {
  return { ...of, title: checkTitles[of.id], status: 'skipped', detail, durationMs: 0 }
}

export function failed(of: CheckOf, fault: AwsFault, diagnosis: Diagnosis, durationMs: number): Check {
  const aws = { awsCode: fault.code, awsMessage: fault.message, awsRequestId: fault.requestId }
  return { ...of, status: 'failed', kind: fault.kind, ...diagnosis, ...aws, durationMs }
}

function passed(of: CheckOf, { requestId, detail, status = 'passed', ...outcome }: Outcome, durationMs: number): Check {
  const { cause, who, fix, remedies } = outcome
  const more = { ...(cause && { cause }), ...(who && { who }), ...(fix && { fix }), ...(remedies && { remedies }) }
  return { ...of, title: checkTitles[of.id], status, detail, ...more, awsRequestId: requestId, durationMs }
}

function broken(of: CheckOf, message: string, durationMs: number): Check {
  return {
    ...of,
    status: 'failed',
    kind: 'invalid',
    title: `${checkTitles[of.id]} went wrong`,
    detail: message,
    cause: 'The answer is not one that AWS gives.',
    who: 'network',
    fix: 'Check the endpoint and what lies between this console and AWS.',
    durationMs,
  }
}

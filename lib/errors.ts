import type { Remedy } from '#lib/aws/schema.ts'
import { databaseTrouble, isCollision, isLostConnection } from './database-trouble.ts'

/** Few codes, each with one meaning. `retryable` says whether the same call can succeed later without anybody changing anything. */
export type ErrorCode =
  | 'invalid' // the caller gave something that can never work
  | 'not-found'
  | 'denied' // AWS, the operating system or a permission said no
  | 'conflict' // somebody else changed it meanwhile
  | 'unreachable' // outage, throttling, network: nothing is known to be wrong
  | 'integrity' // bytes are not what they must be
  | 'unavailable' // this console cannot do it now (no database, no worker)
  | 'sealed' // the console's own secrets cannot be opened now

const mark = Symbol.for('vault-console.AppError')

/**
 * Next loads this file once for what it starts with, once for pages and once for route handlers: three classes. What one
 * of them throws, such as a backup opened by what all share, is an AppError to the others, too. There is no narrower class:
 * `instanceof` would take every AppError for it.
 */
export class AppError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && mark in value
  }

  readonly code: ErrorCode
  readonly retryable: boolean
  /** One more sentence: what to do. */
  readonly fix: string | undefined
  /** What carries the fix out, where that can be written down. */
  readonly remedies: readonly Remedy[]
  /** The field of a form that it is about, where it is about one. */
  readonly field: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      cause?: unknown
      retryable?: boolean
      fix?: string
      remedies?: readonly Remedy[] | undefined
      field?: string
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.retryable = options.retryable ?? code === 'unreachable'
    this.fix = options.fix
    this.remedies = options.remedies ?? []
    this.field = options.field
  }

  get [mark](): true {
    return true
  }
}

/** A query that failed: Prisma's errors name tables and code, which helps nobody who reads a page. */
export function isDatabaseError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.name.startsWith('PrismaClient') || error.name === 'DriverAdapterError' || isLostConnection(error)
}

/** Not there, not answering, or not letting anybody in. */
export function isDatabaseOutOfReach(error: unknown): boolean {
  return isDatabaseError(error) && databaseTrouble(error) !== undefined
}

/** The sentence to show for anything thrown: an AppError's own, otherwise a general one, never a stack. */
export function messageOf(error: unknown): string {
  if (error instanceof AppError) return error.fix ? `${error.message} ${error.fix}` : error.message
  const trouble = isDatabaseError(error) ? databaseTrouble(error) : undefined
  if (trouble) return `${trouble.message} ${trouble.fix}`
  if (isDatabaseError(error) && isCollision(error))
    return 'Somebody else changed the same at the same moment, and nothing was changed here. Try it again.'
  if (isDatabaseError(error) && error instanceof Error && 'code' in error && /^P202[12]$/.test(`${error.code}`))
    return 'This database has no tables of a console, or those of another version. Correct DATABASE_URL, or start the console (npm start) of this same version on it first: that brings its tables up to date.'
  if (isDatabaseError(error))
    return 'The console’s database did not answer as it should. Look at the log of that PostgreSQL: without DATABASE_URL it is logs/postgres.log in the data folder.'
  return error instanceof Error ? error.message : String(error)
}

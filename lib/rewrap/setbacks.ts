import { AppError } from '#lib/errors.ts'

/** Of one kind of backup without a success: the others of its kind wait for the next try. */
const unreachableInARow = 8
/** Refusals alike, without a success in between: nobody needs thousands of the same line. */
const refusedInARow = 20

interface Setback {
  /** In a row. */
  unreachable: number
  refused: number
  /** The newest refusal. */
  error: AppError | undefined
  /** Not even tried, because so many were refused alike. */
  untried: number
}

/** What is in common to backups that meet the same trouble: their place, its credentials and their keys. */
export function kindOf(backup: {
  readonly environmentId: string
  readonly revision: number
  readonly region: string
  readonly keyIds: readonly string[]
}): string {
  return `${backup.environmentId} ${backup.revision} ${backup.region} ${backup.keyIds.join(' ')}`
}

/** Which kinds of backup failed how often in a row during one pass, so that 10,000 need not meet the same trouble. */
export class Setbacks {
  readonly #byKind = new Map<string, Setback>()
  #refusedByNewKey = 0

  /** Whether there is no use in trying another one of its kind now. */
  leavesOut(kind: string): boolean {
    const setback = this.#byKind.get(kind)
    if (!setback) return false
    if (setback.unreachable >= unreachableInARow) return true
    if (setback.refused < refusedInARow) return false
    setback.untried += 1
    return true
  }

  succeeded(kind: string): void {
    this.#byKind.delete(kind)
    this.#refusedByNewKey = 0
  }

  unreachable(kind: string): void {
    this.#of(kind).unreachable += 1
  }

  refused(kind: string, error: AppError): void {
    const setback = this.#of(kind)
    setback.refused += 1
    setback.error = error
  }

  /** Whatever kind: the new key is the same for all. Says whether it was often enough to give up. */
  refusedByNewKey(): boolean {
    this.#refusedByNewKey += 1
    return this.#refusedByNewKey >= refusedInARow
  }

  /** Why some were not tried; undefined where all were. */
  whyUntried(): AppError | undefined {
    for (const { refused, untried, error } of this.#byKind.values())
      if (untried > 0 && error)
        return new AppError(
          error.code,
          `${refused} backups in a row were refused alike, so ${untried} more of their kind were not tried. ${error.message}`,
          { cause: error, ...(error.fix !== undefined && { fix: error.fix }) },
        )
    return undefined
  }

  #of(kind: string): Setback {
    let setback = this.#byKind.get(kind)
    if (!setback) {
      setback = { unreachable: 0, refused: 0, error: undefined, untried: 0 }
      this.#byKind.set(kind, setback)
    }
    return setback
  }
}

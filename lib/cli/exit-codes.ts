/** Documented in `byok --help` and the README. */
export const exitCodes = {
  done: 0,
  /** It was tried and refused or failed: a check failed, a backup or restore failed. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** There is no console to attach to, or AWS or the database cannot be reached. */
  unavailable: 3,
  /** The console's own secrets cannot be opened: byok seal status says why. */
  sealed: 4,
} as const

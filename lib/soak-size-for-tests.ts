import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** What whoever starts a campaign wants: see vitest.soak.config.ts. */
    soak: { seed: number | undefined; runs: number | undefined }
  }
}

/** How often a campaign does what it does, and the seed that repeats it; printed. */
export function soakSize(what: string, usualRuns: number): { readonly seed: number; readonly runs: number } {
  const { seed = Date.now() % 1_000_000, runs = usualRuns } = inject('soak')
  console.log(`${what}: ${runs} runs, seed ${seed}. To repeat: SOAK_SEED=${seed} SOAK_RUNS=${runs} npm run test:soak`)
  return { seed, runs }
}

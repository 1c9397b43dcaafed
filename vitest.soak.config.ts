import { defineConfig } from 'vitest/config'

// `npm run test:soak`: what takes minutes, for a machine that has them. Not part of `npm test`. Each campaign prints its
// seed and its size; SOAK_SEED repeats one, SOAK_RUNS changes the size of those that are counted.
const number = (text: string | undefined) => (text ? Number(text) : undefined)

export default defineConfig({
  test: {
    include: ['lib/**/*.soak.ts'],
    globalSetup: 'lib/test-database-server.ts',
    fileParallelism: false,
    provide: { soak: { seed: number(process.env.SOAK_SEED), runs: number(process.env.SOAK_RUNS) } },
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
  },
})

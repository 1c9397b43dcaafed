import { defineConfig } from 'vitest/config'

// `npm run test:soak`: what takes minutes, for a machine that has them. Not part of `npm test`.
export default defineConfig({
  test: {
    include: ['lib/**/*.soak.ts'],
    globalSetup: 'lib/test-database-server.ts',
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
  },
})

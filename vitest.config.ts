import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'lib/**/*.test.ts',
      'app/**/*.test.ts',
      'bin/**/*.test.ts',
      'components/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    globalSetup: 'lib/test-database-server.ts',
    // Half of the time a file waits for processes that it started, or for its server.
    maxWorkers: availableParallelism() * 2,
    // Nothing here is measured: a machine that is slow, or has much else to do, is only waited for.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
})

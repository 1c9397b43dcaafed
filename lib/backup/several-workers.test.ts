import { test } from 'vitest'
import { severalWorkers } from './several-workers-for-tests.ts'

test('two workers under two host names, one is killed: every backup restores identical', async () => {
  await severalWorkers({
    hosts: ['one.example.test', 'two.example.test'],
    workersPerHost: 1,
    backups: 4,
    kills: 1,
    seed: 7,
    bytes: 1 << 18,
  })
}, 180_000)

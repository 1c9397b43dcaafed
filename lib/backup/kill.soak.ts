import { test } from 'vitest'
import { severalWorkers } from './several-workers-for-tests.ts'

const hosts = ['one.example.test', 'two.example.test']

test('four workers under two host names, 40 backups, two workers killed', async () => {
  await severalWorkers({ hosts, workersPerHost: 2, backups: 40, kills: 2, seed: Date.now() % 1e6, bytes: 24 << 20 })
})

test('a worker is killed at 50 random moments', async () => {
  const seed = Date.now() % 1e6
  console.log(`seed ${seed}`)
  await severalWorkers({ hosts, workersPerHost: 2, backups: 60, kills: 50, seed, bytes: 48 << 20 })
})

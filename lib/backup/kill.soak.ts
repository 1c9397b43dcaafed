import { expect, test } from 'vitest'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { killCampaign } from './kills-for-tests.ts'
import { severalWorkers } from './several-workers-for-tests.ts'

test('four workers under two host names, 40 backups, two workers killed', async () => {
  const { seed, runs } = soakSize('Several workers', 40)
  const hosts = ['one.example.test', 'two.example.test']
  await severalWorkers({ hosts, workersPerHost: 2, backups: runs, kills: 2, seed, bytes: 24 << 20 })
})

test.each(['worker', 'database', 'console'] as const)('the %s is killed at 50 random moments', async (victim) => {
  const { seed, runs } = soakSize(`Kills of the ${victim}`, 50)
  const figures = await killCampaign({ victim, kills: runs, seed })
  console.log(JSON.stringify(figures))
  expect(figures.complete).toBeGreaterThan(0)
})

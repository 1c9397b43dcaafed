import { expect, test } from 'vitest'
import { rewrapMeanwhile } from './at-once-for-tests.ts'
import { killRewraps } from './kills-for-tests.ts'
import { rewrapMany } from './rewrap-many-for-tests.ts'

// Small samples of ten-thousand.soak.ts, kill.soak.ts and concurrent.soak.ts.

test('backups get another key at three KMS calls each; the old one is deleted, and they restore identical', async () => {
  await rewrapMany({ backups: 16, whole: 1, restored: 3, seed: 7 })
}, 120_000)

test('killed, every backup opens as its row says, and the re-wrap goes on', async () => {
  expect(await killRewraps({ kills: 2, seed: 5, first: 6 })).toMatchObject({ killed: 2, restored: 2 })
}, 120_000)

test('a restore, a backup and a re-wrap of the same backup at once', async () => {
  expect(await rewrapMeanwhile({ runs: 3, seed: 11 })).toMatchObject({ runs: 3 })
}, 120_000)

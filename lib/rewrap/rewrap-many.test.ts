import { test } from 'vitest'
import { rewrapMany } from './rewrap-many-for-tests.ts'

// In full: ten-thousand.soak.ts.
test('backups get another key at three KMS calls each; the old one is deleted, and they restore identical', async () => {
  await rewrapMany({ backups: 40, whole: 2, restored: 4, seed: 7 })
})

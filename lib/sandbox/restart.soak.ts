import { expect, test } from 'vitest'
import { killDuringUploads } from './test-kill-uploads.ts'

test('kill -9 while 50 uploads run, 20 times', async () => {
  const { acknowledged, untold } = await killDuringUploads(20)
  console.log(`${acknowledged} uploads acknowledged; ${untold} more were whole when the answer was lost`)
  expect(acknowledged).toBeGreaterThan(20)
})

import { afterAll, beforeAll, test } from 'vitest'
import { openTarget, type TestTarget } from '../open-test-sandbox.ts'
import { checkConcurrentWriters, checkKeysAndPages, checkPartSizes, checkSizes } from './test-properties.ts'

let target: TestTarget

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

test('any legal key is stored, read back, and listed as the model says', () => checkKeysAndPages(target.s3(), 2000))

test('any size, plain or in chunks, whole or in ranges', () => checkSizes(target.s3(), 600))

test('parts of any size', () => checkPartSizes(target.s3(), 100))

test('writers, readers and deleters of one key at once', () => checkConcurrentWriters(target.s3(), 400))

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { failureOf, SEGMENT, Workbench } from './backup-for-tests.ts'

vi.mock('./read-manifest.ts', async (original) => ({
  ...(await original<typeof import('./read-manifest.ts')>()),
  MAX_SEGMENTS: 3,
}))

test('more than a manifest can name is refused while it is written, not when it is read', async () => {
  const bench = new Workbench()
  onTestFinished(() => bench.remove())
  writeFileSync(join(bench.source, 'large'), randomBytes(2 * SEGMENT))
  expect((await bench.backUp('small')).segments).toBe(3)
  writeFileSync(join(bench.source, 'larger'), randomBytes(2 * SEGMENT))
  expect(await failureOf(bench.backUp('large'))).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('do not fit into one backup'),
  })
  expect([...bench.store.objects.keys()].filter((key) => key.endsWith('/manifest'))).toHaveLength(1)
})

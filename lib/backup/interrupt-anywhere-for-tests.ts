import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { failureOf, Workbench } from './backup-for-tests.ts'
import { resumable, storedAgain } from './interrupt-for-tests.ts'

const plan = fc.record({
  sizes: fc.array(fc.oneof(fc.nat(2000), fc.nat(40_000)), { minLength: 1, maxLength: 40 }),
  segmentSize: fc.constantFrom(512, 1000, 4096, 16_384),
  cuts: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
})

/**
 * Backups that are interrupted at any moments, any number of times, with segments of any size: what comes back is the
 * source, and no interruption costs more than two segments.
 */
export async function interruptAnywhere(numRuns: number, seed?: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(plan, async ({ sizes, segmentSize, cuts }) => {
      const bench = new Workbench()
      try {
        for (const [i, size] of sizes.entries()) {
          const folder = join(bench.source, `folder-${i % 5}`, `deep-${i % 3}`)
          mkdirSync(folder, { recursive: true })
          writeFileSync(join(folder, `file-${i}`), randomBytes(size))
          if (i % 7 === 3) linkSync(join(folder, `file-${i}`), join(bench.source, `link-${i}`))
        }
        const run = await resumable(bench)
        const changes = { segmentSize: Math.max(segmentSize, sizes.reduce((sum, size) => sum + size, 0) / 100) | 0 }
        let interruptions = 0
        for (const cut of cuts) {
          const error = await failureOf(run(cut, changes)).catch(() => undefined)
          if (error === undefined) break
          interruptions += 1
        }
        const result = await run(undefined, changes)
        expect(result.warningList).toEqual([])
        expect((await storedAgain(bench)).segments).toBeLessThanOrEqual(2 * interruptions)
        expect(bench.key.calls).toMatchObject({ wrap: 1 })
        expect(describeTree((await bench.restore('mine')).target)).toEqual(describeTree(bench.source))
      } finally {
        bench.remove()
      }
    }),
    { numRuns, ...(seed !== undefined && { seed }) },
  )
}

import { expect, test } from 'vitest'
import { median, type Run, summarise, tableOf } from './figures.ts'
import { linearityOf } from './linearity.ts'

const some: Run = {
  ...{ client: 'vault', set: 'incompressible', direction: 'backup', run: 1, bytes: 2 ** 30, wallSeconds: 5 },
  ...{ cpuSecondsPerGiB: 6, peakMiB: 200, storedBytes: 2 ** 30, s3Requests: 70, kmsRequests: 1 },
}

test('the median of an even and an odd number', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 2, 100])).toBe(3)
})

test('CPU is ours divided by theirs, time is theirs divided by ours, by the medians', () => {
  const runs: Run[] = [
    { ...some, wallSeconds: 99, cpuSecondsPerGiB: 99 },
    { ...some, run: 2 },
    { ...some, run: 3 },
    { ...some, client: 'restic', wallSeconds: 15, cpuSecondsPerGiB: 20 },
    { ...some, client: 'aws', wallSeconds: 10, cpuSecondsPerGiB: 8 },
    { ...some, direction: 'restore', wallSeconds: 4, peakMiB: 210 },
    { ...some, client: 'restic', direction: 'restore', wallSeconds: 6, peakMiB: 900 },
  ]
  expect(summarise(runs)).toEqual({
    ...{ cpuVsRestic: 0.3, cpuVsRclone: null, cpuVsAwsCp: 0.75, wallVsRestic: 3, wallVsRclone: null },
    ...{ restoreWallVsRestic: 1.5, smallFilesWallVsRestic: null, peakMiB: 210 },
  })
  expect(tableOf(runs).split('\n')[2]).toBe(
    '| incompressible | backup | vault | 5 (5–99) | 205 (10–205) | 6 (6–99) | 200 (200–200) | 1024 | 70 | 1 |',
  )
})

test('a start and a constant rate are linear; what gets slower with size is not', () => {
  const sizes = [2 ** 26, 2 ** 28, 2 ** 30, 2 ** 32]
  const runs = (seconds: (bytes: number) => number): Run[] =>
    sizes.flatMap((bytes, at) =>
      (['backup', 'restore'] as const).map((direction) => ({
        ...{ ...some, bytes, direction, peakMiB: 200 + at, insideSeconds: seconds(bytes) },
      })),
    )
  const steady = linearityOf(runs((bytes) => 0.2 + bytes / 2 ** 20 / 150))
  expect(steady).toMatchObject({ backupOffLine: 0, restoreOffLine: 0, backupMiBPerSecond: 150, peakGrowth: 0.01 })
  expect(linearityOf(runs((bytes) => (bytes / 2 ** 28) ** 1.3)).backupOffLine).toBeGreaterThan(0.15)
})

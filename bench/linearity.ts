import { median, type Run, rounded } from './figures.ts'

interface Linearity {
  /** Of the best line `a + b × bytes`: how far the median of a size is from it, at most. 0.1 is 10 %. */
  readonly backupOffLine: number
  readonly restoreOffLine: number
  readonly backupMiBPerSecond: number
  /** Largest peak by size in MiB, of both directions. */
  readonly peakMiB: Record<string, number>
  /** From 256 MiB to the largest size, of the medians, in the direction where it grows most: 0.05 is 5 %. */
  readonly peakGrowth: number
}

/** Does time follow size, and memory not? Process start is not counted: a worker starts once. */
export function linearityOf(runs: readonly Run[]): Linearity {
  const sizes = [...new Set(runs.map(({ bytes }) => bytes))].sort((a, b) => a - b)
  const seconds = (direction: string) =>
    sizes.map((bytes) => ({
      bytes,
      seconds: median(
        runs
          .filter((run) => run.bytes === bytes && run.direction === direction)
          .map((run) => run.insideSeconds ?? run.wallSeconds),
      ),
    }))
  const peak = (bytes: number) => Math.max(...runs.filter((run) => run.bytes === bytes).map(({ peakMiB }) => peakMiB))
  const [backup, restore] = [lineThrough(seconds('backup')), lineThrough(seconds('restore'))]
  const last = sizes.at(-1) ?? 0
  const first = sizes.find((bytes) => bytes >= 2 ** 28) ?? last
  const middlePeak = (bytes: number, direction: string) =>
    median(runs.filter((run) => run.bytes === bytes && run.direction === direction).map(({ peakMiB }) => peakMiB))
  const growth = ['backup', 'restore'].map(
    (direction) => middlePeak(last, direction) / middlePeak(first, direction) - 1,
  )
  return {
    backupOffLine: rounded(backup.off, 3),
    restoreOffLine: rounded(restore.off, 3),
    backupMiBPerSecond: rounded(1 / backup.secondsPerByte / 2 ** 20, 0),
    peakMiB: Object.fromEntries(sizes.map((bytes) => [String(bytes / 2 ** 20), peak(bytes)])),
    peakGrowth: rounded(Math.max(...growth), 3),
  }
}

/** Least squares of the relative differences: every size counts alike. */
function lineThrough(points: readonly { bytes: number; seconds: number }[]): { secondsPerByte: number; off: number } {
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, { bytes, seconds }) => total + of(bytes, seconds) / seconds ** 2, 0)
  const [n, x, y, xx, xy] = [sum(() => 1), sum((b) => b), sum((_, s) => s), sum((b) => b * b), sum((b, s) => b * s)]
  const secondsPerByte = points.length > 1 ? (n * xy - x * y) / (n * xx - x * x) : y / x
  const start = points.length > 1 ? (y - secondsPerByte * x) / n : 0
  const off = Math.max(...points.map(({ bytes, seconds }) => Math.abs((start + secondsPerByte * bytes) / seconds - 1)))
  return { secondsPerByte, off }
}

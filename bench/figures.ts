import type { ClientName } from './clients.ts'
import type { DataSet } from './data-sets.ts'

export type Direction = 'backup' | 'restore'

/** One run of one client: a line of the output. */
export interface Run {
  readonly client: ClientName
  readonly set: DataSet['name']
  readonly direction: Direction
  readonly run: number
  readonly bytes: number
  readonly wallSeconds: number
  readonly cpuSecondsPerGiB: number
  readonly peakMiB: number
  /** Only after a backup. */
  readonly storedBytes?: number
  /** To the stand-in; none of a client that does not use it. */
  readonly s3Requests: number
  readonly kmsRequests: number
  readonly insideSeconds?: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

export interface Summary {
  readonly cpuVsRestic: number | null
  readonly cpuVsRclone: number | null
  readonly cpuVsAwsCp: number | null
  readonly wallVsRestic: number | null
  readonly wallVsRclone: number | null
  readonly restoreWallVsRestic: number | null
  readonly smallFilesWallVsRestic: number | null
  readonly peakMiB: number
}

/** The last line. CPU is ours divided by theirs, time is theirs divided by ours: of the medians, on incompressible data unless the name says otherwise. */
export function summarise(runs: readonly Run[]): Summary {
  const of = (
    client: ClientName,
    set: DataSet['name'],
    direction: Direction,
    figure: 'wallSeconds' | 'cpuSecondsPerGiB',
  ) => {
    const found = runs.filter((run) => run.client === client && run.set === set && run.direction === direction)
    return found.length > 0 ? median(found.map((run) => run[figure])) : undefined
  }
  const ratio = (above: number | undefined, below: number | undefined) =>
    above === undefined || below === undefined ? null : rounded(above / below, 3)
  const cpu = (other: ClientName) =>
    ratio(
      of('vault', 'incompressible', 'backup', 'cpuSecondsPerGiB'),
      of(other, 'incompressible', 'backup', 'cpuSecondsPerGiB'),
    )
  const wall = (other: ClientName, set: DataSet['name'] = 'incompressible', direction: Direction = 'backup') =>
    ratio(of(other, set, direction, 'wallSeconds'), of('vault', set, direction, 'wallSeconds'))
  return {
    cpuVsRestic: cpu('restic'),
    cpuVsRclone: cpu('rclone'),
    cpuVsAwsCp: cpu('aws'),
    wallVsRestic: wall('restic'),
    wallVsRclone: wall('rclone'),
    restoreWallVsRestic: wall('restic', 'incompressible', 'restore'),
    smallFilesWallVsRestic: wall('restic', 'small files'),
    peakMiB: rounded(Math.max(...runs.filter(({ client }) => client === 'vault').map(({ peakMiB }) => peakMiB)), 1),
  }
}

/** One line for each client, set and direction: medians, and from the least to the most. */
export function tableOf(runs: readonly Run[]): string {
  const groups = Object.values(Object.groupBy(runs, (run) => `${run.set} ${run.direction} ${run.client}`))
  const lines = groups.flatMap((group) => {
    const [first] = group ?? []
    if (!group || !first) return []
    const spread = (values: readonly number[], digits: number) =>
      values.length === 1
        ? `${rounded(values[0] ?? 0, digits)}`
        : `${rounded(median(values), digits)} (${rounded(Math.min(...values), digits)}–${rounded(Math.max(...values), digits)})`
    const stored = first.storedBytes === undefined ? '' : `${rounded(first.storedBytes / 2 ** 20, 1)}`
    return [
      [
        ...[first.set, first.direction, first.client],
        spread(
          group.map((run) => run.wallSeconds),
          2,
        ),
        spread(
          group.map((run) => run.bytes / 2 ** 20 / run.wallSeconds),
          0,
        ),
        spread(
          group.map((run) => run.cpuSecondsPerGiB),
          2,
        ),
        spread(
          group.map((run) => run.peakMiB),
          0,
        ),
        ...[stored, String(first.s3Requests), String(first.kmsRequests)],
      ],
    ]
  })
  const head = ['set', 'direction', 'client', 'wall s', 'MiB/s', 'CPU s/GiB', 'peak MiB', 'stored MiB', 'S3', 'KMS']
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

import { z } from 'zod'
import type { ActionResult } from '#lib/action-result.ts'
import { pageNumber, searchText } from '#lib/address-bar.ts'
import { patternsSchema } from '#lib/backup/schema.ts'
import { plainName } from '#lib/plain-text.ts'

/** The page of this console that lists them. */
export const schedulesPath = '/backups/schedules'

export const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

/** `02:30`, UTC; read as minutes after midnight. */
const timeSchema = z
  .string()
  .trim()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Write hours and minutes in UTC, such as 02:30.')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))

export const addScheduleSchema = z
  .object({
    source: z.string().min(1, 'Choose a folder.').max(4096, 'A path has at most 4,096 characters.'),
    /** Empty: found by the folder. */
    host: z.string().max(255).default(''),
    name: z.string().trim().max(200, 'At most 200 characters.').regex(plainName, 'No control characters.'),
    every: z.enum(['daily', 'weekly'], 'Choose daily or weekly.'),
    /** 0 = Sunday; for `weekly`. */
    weekday: z.coerce.number().int().min(0).max(6).nullable().default(null),
    at: timeSchema,
    keep: z.coerce
      .number('Write how many are kept, from 1 to 1,000.')
      .int('Write a whole number.')
      .min(1, 'At least 1 is kept.')
      .max(1000, 'At most 1,000 are kept.'),
    include: patternsSchema,
    exclude: patternsSchema,
  })
  .refine(({ every, weekday }) => every === 'daily' || weekday !== null, {
    path: ['weekday'],
    message: 'Choose a day of the week.',
  })
export type AddSchedule = z.output<typeof addScheduleSchema>

export const changeScheduleSchema = z.object({
  id: z.uuid(),
  change: z.enum(['run', 'pause', 'resume', 'remove']),
})
export type ChangeScheduleInput = z.input<typeof changeScheduleSchema>

/** What keeps a schedule from making its backups, or from making them whole. */
export type ScheduleTrouble = 'waiting' | 'skipped' | 'failed' | 'empty' | 'less'

/**
 * A backup that was not made is as bad whatever kept it from being made; one that waits may still be, and one that holds
 * less than others may be as it should.
 */
export function graver(trouble: ScheduleTrouble, told: string): boolean {
  const gravity = (of: string) => (of === 'less' ? 0 : of === 'waiting' ? 1 : 2)
  return gravity(trouble) > gravity(told)
}

/** Times ISO 8601, UTC. */
export interface ScheduleRow {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly host: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly every: 'daily' | 'weekly'
  readonly weekday: number | null
  /** Minutes after midnight, UTC. */
  readonly minute: number
  readonly keep: number
  readonly enabled: boolean
  readonly nextRunAt: string
  readonly lastRunAt: string | null
  /** Why the last run made no backup. */
  readonly skipped: string | null
  /** What keeps it from making backups, while an alert tells so: sentences. */
  readonly trouble: string | null
  /** Whether a worker of its host is running. */
  readonly served: boolean
  /** How many complete backups of it there are. */
  readonly kept: number
  /** Its newest backup. */
  readonly last: { readonly id: string; readonly state: string } | null
}

export type AddedSchedule = Pick<ScheduleRow, 'id' | 'name' | 'nextRunAt'>

/** The address bar of the list. Anything unknown is ignored, never an error. */
export const schedulesQuerySchema = z.object({ text: searchText(254), page: pageNumber })
export type SchedulesQuery = z.infer<typeof schedulesQuerySchema>

export interface SchedulesView {
  readonly rows: readonly ScheduleRow[]
  /** Of all, whatever is asked for. */
  readonly total: number
  /** Of those asked for. */
  readonly found: number
  readonly page: number
  readonly pages: number
}

/** “Daily at 02:30 UTC”, “Mondays at 02:30 UTC”. */
export function timeWords({ every, weekday, minute }: Pick<ScheduleRow, 'every' | 'weekday' | 'minute'>): string {
  const at = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')} UTC`
  return every === 'daily' ? `Daily at ${at}` : `${weekdays[weekday ?? 0]}s at ${at}`
}

export type ScheduleResult = ActionResult
export type AddScheduleResult = ActionResult<AddedSchedule>

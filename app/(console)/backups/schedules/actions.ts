'use server'
import { change } from '#app/_lib/action.ts'
import { addSchedule as add, changeSchedule as changeOne } from '#lib/schedules/change-schedules.ts'
import {
  type AddScheduleResult,
  addScheduleSchema,
  changeScheduleSchema,
  type ScheduleResult,
} from '#lib/schedules/schema.ts'

export async function addSchedule(input: unknown): Promise<AddScheduleResult> {
  return change('/backups/schedules', 'schedule.change', addScheduleSchema, input, ({ console, user, input }) =>
    add(console.backup, input, 'page', user.email),
  )
}

export async function changeSchedule(input: unknown): Promise<ScheduleResult> {
  return change(
    '/backups/schedules',
    'schedule.change',
    changeScheduleSchema,
    input,
    async ({ console, user, input }) => {
      await changeOne(console.backup, input.id, input.change, user.email)
      return {}
    },
  )
}

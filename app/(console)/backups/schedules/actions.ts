'use server'
import { change } from '#app/_lib/action.ts'
import { addSchedule as add, changeSchedule as changeOne } from '#lib/schedules/change-schedules.ts'
import { addScheduleSchema, changeScheduleSchema, type ScheduleResult } from '#lib/schedules/schema.ts'

export async function addSchedule(input: unknown): Promise<ScheduleResult> {
  return change('/backups/schedules', 'schedule.change', addScheduleSchema, input, async ({ console, user, input }) => {
    await add(console.backup, input, 'page', user.email)
    return {}
  })
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

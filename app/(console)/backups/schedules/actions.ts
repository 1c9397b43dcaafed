'use server'
import { revalidatePath } from 'next/cache'
import { permitted } from '#app/_lib/action.ts'
import { addSchedule as add, changeSchedule as change } from '#lib/schedules/change-schedules.ts'
import { addScheduleSchema, changeScheduleSchema, type ScheduleResult } from '#lib/schedules/schema.ts'

export async function addSchedule(input: unknown): Promise<ScheduleResult> {
  const result = await permitted('schedule.change', addScheduleSchema, input, async ({ console, user, input }) => {
    await add(console.backup, input, 'page', user.email)
    return { status: 'success' as const }
  })
  if (result.status === 'success') revalidatePath('/backups/schedules')
  return result
}

export async function changeSchedule(input: unknown): Promise<ScheduleResult> {
  const result = await permitted('schedule.change', changeScheduleSchema, input, async ({ console, user, input }) => {
    await change(console.backup, input.id, input.change, user.email)
    return { status: 'success' as const }
  })
  revalidatePath('/backups/schedules')
  return result
}

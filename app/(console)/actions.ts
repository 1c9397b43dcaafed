'use server'
import { revalidatePath } from 'next/cache'
import { permitted } from '#app/_lib/action.ts'
import { putNoticeAway as putAway } from '#lib/notices/list-notices.ts'
import { noticeIdSchema } from '#lib/notices/schema.ts'

export async function putNoticeAway(id: unknown): Promise<void> {
  await permitted('environment.change', noticeIdSchema, { id }, ({ console, user, input }) =>
    putAway(console.db, user, input.id),
  )
  revalidatePath('/', 'layout')
}

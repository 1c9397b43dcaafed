'use server'
import { revalidatePath } from 'next/cache'
import { z } from 'zod'
import { permitted } from '#app/_lib/action.ts'
import { saveEnvironment as save, testEnvironment } from '#lib/environment/save-environment.ts'
import { environmentSchema, type SaveEnvironmentResult, type TestKeyResult } from '#lib/environment/schema.ts'

const revision = z
  .int()
  .min(0)
  .max(2 ** 31)

export async function saveEnvironment(input: unknown, baseRevision: unknown): Promise<SaveEnvironmentResult> {
  const base = revision.catch(0).parse(baseRevision)
  const result = await permitted('environment.change', environmentSchema, input, ({ console, user, input }) =>
    save(console.backup, input, base, user.email),
  )
  if (result.status === 'success') revalidatePath('/', 'layout')
  return result
}

export async function testKey(input: unknown): Promise<TestKeyResult> {
  return permitted('key.check', environmentSchema, input, ({ console, user, input }) =>
    testEnvironment(console.backup, input, user.email),
  )
}

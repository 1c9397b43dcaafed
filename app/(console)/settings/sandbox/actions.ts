'use server'
import { revalidatePath } from 'next/cache'
import { z } from 'zod'
import { permitted } from '#app/_lib/action.ts'
import type { SandboxResult } from '#components/sandbox/action-form.tsx'
import { rehearsalWords } from '#components/sandbox/rehearsals.ts'
import { recordAudit } from '#lib/audit/record.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import type { SandboxControl } from '#lib/sandbox/open-control.ts'
import { rehearsalKinds } from '#lib/sandbox/schema.ts'

const rehearsalSchema = z.object({
  kind: z.enum(rehearsalKinds),
  keyArn: z.string().max(2048),
  bucket: z.string().max(255),
})
const nothing = z.unknown()

export async function rehearse(_: unknown, form: unknown): Promise<SandboxResult> {
  // A form of a page; of anybody else it may be anything.
  const input = form instanceof FormData ? Object.fromEntries(form) : form
  return change(rehearsalSchema, input, ({ kind, keyArn, bucket }) => {
    const { title, about } = rehearsalWords[kind]
    const target = { key: { keyArn }, bucket: { bucket }, everything: {} }[about]
    const subject = [`Started: ${title}`, ...Object.values(target)].join(', ')
    return { subject, run: (sandbox) => sandbox.rehearse({ kind, ...target }) }
  })
}

export async function restore(): Promise<SandboxResult> {
  return change(nothing, undefined, () => ({
    subject: 'Ended, everything restored',
    run: (sandbox) => sandbox.restore(),
  }))
}

export async function emptyStore(): Promise<SandboxResult> {
  return change(nothing, undefined, () => ({
    subject: 'Every object of the store deleted',
    run: (sandbox) => sandbox.empty(),
  }))
}

/** The audit row is there only when the change was made. */
async function change<S extends z.ZodType>(
  schema: S,
  input: unknown,
  plan: (value: z.output<S>) => { subject: string; run: (sandbox: SandboxControl) => Promise<void> },
): Promise<SandboxResult> {
  const result = await permitted('sandbox.rehearse', schema, input, async ({ console, user, input }) => {
    const { sandbox } = console
    if (!sandbox) throw new AppError('not-found', 'This console works with real AWS: it has no sandbox.')
    const { subject, run } = plan(input)
    await console.forJob().db.$transaction(
      async (tx) => {
        await recordAudit(tx, { actor: user.email, action: 'sandbox.rehearse', outcome: 'success', subject })
        await run(sandbox).catch((cause: unknown) => {
          throw new AppError('unavailable', `The sandbox did not do it: ${messageOf(cause)}`, { cause })
        })
      },
      { timeout: 60_000 },
    )
    return { status: 'success' as const }
  })
  if (result.status === 'success') revalidatePath('/settings/sandbox')
  return result
}

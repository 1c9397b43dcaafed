'use client'
import { type ReactNode, useActionState } from 'react'
import { Alert } from '#components/ui/alert.tsx'

export type SandboxResult = { readonly status: 'success' } | { readonly status: 'error'; readonly message: string }
export type SandboxAction = (previous: unknown, form: FormData) => Promise<SandboxResult>

/** A plain form for a server action; it says what was refused. */
export function ActionForm({ action, children }: { action: SandboxAction; children: ReactNode }) {
  const [result, submit, pending] = useActionState<SandboxResult | undefined, FormData>(action, undefined)
  return (
    <form action={submit} aria-busy={pending} className="group">
      {children}
      <div className="mt-3 empty:hidden">
        <Alert>{result?.status === 'error' && !pending && result.message}</Alert>
      </div>
    </form>
  )
}

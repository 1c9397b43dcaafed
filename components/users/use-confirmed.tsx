'use client'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { type ReactNode, useState, useTransition } from 'react'
import { unanswered } from '#components/ui/unanswered.ts'
import type { UserResult } from '#lib/auth/schema.ts'

// Only whoever presses a button needs it.
const PasswordDialog = dynamic(() => import('#components/ui/password-dialog.tsx'))

type Refusal = Extract<UserResult, { status: 'error' }>
interface Question {
  readonly title: string
  readonly confirm: string
  readonly cancel: string
  readonly tone?: 'danger' | 'primary'
  readonly about: ReactNode
}

/** Asks for the person’s own password, then does it; a wrong one is asked for again. */
export function useConfirmed<I extends object>(
  run: (input: I & { ownPassword: string }) => Promise<UserResult>,
  done: (input: I) => void,
) {
  const router = useRouter()
  const [asked, setAsked] = useState<{ readonly input: I; readonly question: Question }>()
  const [refusal, setRefusal] = useState<Refusal>()
  const [busy, startTransition] = useTransition()

  function confirm(ownPassword: string) {
    if (!asked) return
    const { input } = asked
    startTransition(async () => {
      const answer = await run({ ...input, ownPassword }).catch(() => unanswered())
      setRefusal(answer.status === 'error' ? answer : undefined)
      if (answer.status === 'error' && answer.fieldErrors?.ownPassword) return
      setAsked(undefined)
      if (answer.status === 'success') done(input)
      router.refresh()
    })
  }
  function ask(input: I, question: Question) {
    setRefusal(undefined)
    setAsked({ input, question })
  }
  const dialog = asked && (
    <PasswordDialog
      title={asked.question.title}
      confirm={asked.question.confirm}
      cancel={asked.question.cancel}
      tone={asked.question.tone ?? 'danger'}
      wrong={refusal?.fieldErrors?.ownPassword}
      busy={busy ? 'One moment…' : undefined}
      onConfirm={confirm}
      onCancel={() => {
        setAsked(undefined)
        setRefusal(undefined)
      }}
    >
      {asked.question.about}
    </PasswordDialog>
  )
  return {
    ask,
    dialog,
    message: asked ? undefined : refusal?.message,
    errors: asked ? {} : (refusal?.fieldErrors ?? {}),
  }
}

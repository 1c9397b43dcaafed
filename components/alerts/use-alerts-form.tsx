'use client'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { type ReactNode, useState, useTransition } from 'react'
import { unanswered } from '#components/ui/unanswered.ts'
import type { AlertsResult } from '#lib/alerts/schema.ts'

// Only whoever sends alerts elsewhere needs it.
const PasswordDialog = dynamic(() => import('#components/ui/password-dialog.tsx'))

interface Actions<I> {
  readonly save: (input: I, password?: string) => Promise<AlertsResult>
  readonly test: () => Promise<AlertsResult>
}

const noAnswer = () => unanswered('Reload the page and look whether it was saved.')

/** Saving, asking for the password where it is needed, and the test. */
export function useAlertsForm<I>({ save, test }: Actions<I>) {
  const router = useRouter()
  const [result, setResult] = useState<{ readonly of: 'save' | 'test'; readonly answer: AlertsResult }>()
  const [pending, setPending] = useState<I>()
  const [saving, startSaving] = useTransition()
  // A new key for the fields of secrets: they are empty again after a save.
  const [saves, setSaves] = useState(0)
  const [testing, startTesting] = useTransition()

  function submit(input: I, password?: string) {
    startSaving(async () => {
      const answer = await save(input, password).catch(() => noAnswer())
      setPending(answer.status === 'confirm' ? input : undefined)
      setResult({ of: 'save', answer })
      if (answer.status !== 'success') return
      setSaves((before) => before + 1)
      router.refresh()
    })
  }
  function runTest() {
    startTesting(async () => {
      setResult({ of: 'test', answer: await test().catch(() => noAnswer()) })
      router.refresh()
    })
  }
  const answer = result?.answer
  const dialog: ReactNode = pending !== undefined && answer?.status === 'confirm' && (
    <PasswordDialog
      title="Change who hears of trouble?"
      confirm="Confirm and save"
      cancel="Go back"
      wrong={answer.wrong}
      busy={saving ? 'Saving…' : undefined}
      onConfirm={(password) => submit(pending, password)}
      onCancel={() => {
        setPending(undefined)
        setResult(undefined)
      }}
    >
      <ul className="list-disc space-y-1 pl-5 wrap-anywhere">
        {answer.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p>Nothing is saved yet. Every other administrator is told.</p>
    </PasswordDialog>
  )
  return {
    submit,
    runTest,
    saving,
    testing,
    dialog,
    saves,
    saved: result?.of === 'save' && answer?.status === 'success',
    tested: result?.of === 'test' && answer?.status === 'success',
    secret: answer?.status === 'success' ? answer.secret : undefined,
    message: answer?.status === 'error' ? answer.message : undefined,
    errors: answer?.status === 'error' ? (answer.fieldErrors ?? {}) : {},
  }
}

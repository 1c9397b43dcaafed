'use client'
import dynamic from 'next/dynamic'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'
import { unanswered } from '#components/ui/unanswered.ts'

// Only whoever presses a button needs it.
const AlertDialog = dynamic(() => import('#components/ui/alert-dialog.tsx'))

type Action = 'rewrap' | 'rotate-root'
interface Props {
  operate(input: { action: Action }): Promise<{ status: 'success' | 'error'; message: string }>
}

const questions: Record<Action, { button: string; title: string; text: string; confirm: string }> = {
  rewrap: {
    button: 'Re-wrap',
    title: 'Re-wrap the root keys?',
    text: 'Every root key is wrapped under the key that is configured now, and every value moved to the newest root key. The console goes on serving.',
    confirm: 'Re-wrap',
  },
  'rotate-root': {
    button: 'Rotate root key',
    title: 'Rotate the root key?',
    text: 'A new root key is made, every value moved to it, and each older one destroyed that no value and no backup names. Recovery kits made until now do not hold the new one: make another afterwards.',
    confirm: 'Rotate',
  },
}

export function SealActions({ operate }: Props) {
  const [asking, setAsking] = useState<Action>()
  const [busy, start] = useTransition()
  const [result, setResult] = useState<{ status: 'success' | 'error'; message: string }>()
  const question = asking && questions[asking]
  const run = () =>
    asking &&
    start(async () => {
      setResult(await operate({ action: asking }).catch(() => unanswered()))
      setAsking(undefined)
    })
  return (
    <Card title="Actions" hint="Each may be stopped in the middle and run again.">
      <div className="flex flex-wrap gap-2.5">
        {(['rewrap', 'rotate-root'] as const).map((action) => (
          <Button key={action} type="button" onClick={() => setAsking(action)}>
            {questions[action].button}
          </Button>
        ))}
      </div>
      <div role="status" className="mt-3 wrap-anywhere empty:sr-only">
        {result?.status === 'success' ? result.message : ''}
      </div>
      {result?.status === 'error' && <Alert>{result.message}</Alert>}
      <p className="mt-4 mb-2.5 text-ink-2">
        <strong className="font-medium text-ink">Recovery kit.</strong> If the seal’s key is lost, everything under it
        is, unless there is a kit: all root keys under a passphrase, for a safe. On this host:
      </p>
      <Command text="npx byok seal recovery-kit --user YOUR-EMAIL --out recovery-kit.age" />
      {question && (
        <AlertDialog
          open
          title={question.title}
          confirm={question.confirm}
          cancel="Leave it"
          tone="primary"
          busy={busy ? 'Working…' : undefined}
          onConfirm={run}
          onCancel={() => setAsking(undefined)}
        >
          <p>{question.text}</p>
        </AlertDialog>
      )}
    </Card>
  )
}

'use client'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { ChangeResult } from '#lib/backup/schema.ts'

/** Destroys nothing, so it asks nothing. */
export function UndoButton({ id, undo }: { id: string; undo: (input: { id: string }) => Promise<ChangeResult> }) {
  const [refusal, setRefusal] = useState<string>()
  const [pending, startTransition] = useTransition()
  const run = () =>
    startTransition(async () => {
      const result = await undo({ id }).catch(() => unanswered())
      setRefusal(result.status === 'error' ? result.message : undefined)
    })
  return (
    <div className="space-y-2.5">
      <Button variant="primary" onClick={run} busy={pending ? 'Undoing…' : undefined}>
        Undo: keep these backups
      </Button>
      <Alert>{refusal}</Alert>
    </div>
  )
}

'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import type { StartRestoreInput, StartResult } from '#lib/backup/schema.ts'

interface Props {
  backupId: string
  /** A folder that does not exist yet. */
  suggestion: string
  start: (input: StartRestoreInput) => Promise<StartResult>
}

export function RestoreForm({ backupId, suggestion, start }: Props) {
  const router = useRouter()
  // Until somebody types, the suggestion counts, which is a new folder after every restore.
  const [typed, setTyped] = useState<string>()
  const target = typed ?? suggestion
  const [refusal, setRefusal] = useState<Extract<StartResult, { status: 'error' }>>()
  const [starting, startTransition] = useTransition()

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    startTransition(async () => {
      const result = await start({ backupId, target }).catch(() => noAnswer)
      setRefusal(result.status === 'error' ? result : undefined)
      if (result.status === 'error') return
      setTyped(undefined)
      router.refresh()
    })
  }

  return (
    <form onSubmit={submit} aria-label="Restore" className="space-y-3">
      <TextField
        label="Restore to"
        name="target"
        mono
        required
        maxLength={4096}
        value={target}
        onChange={(event) => setTyped(event.target.value)}
        help="A new folder on the machine that runs this console. Nothing that exists is ever overwritten."
        error={refusal?.fieldErrors?.target}
      />
      <Alert>{refusal?.message}</Alert>
      <Button type="submit" variant="primary" busy={starting ? 'Starting…' : undefined}>
        Restore
      </Button>
    </form>
  )
}

const noAnswer = {
  status: 'error' as const,
  message: 'The console did not answer. Reload the page to see whether the restore started.',
}

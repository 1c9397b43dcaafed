'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import type { BackupsView, StartBackupInput, StartResult } from '#lib/backup/schema.ts'

interface Props {
  sources: BackupsView['sources']
  start: (input: StartBackupInput) => Promise<StartResult>
}

export function StartBackupForm({ sources, start }: Props) {
  const router = useRouter()
  const [refusal, setRefusal] = useState<Extract<StartResult, { status: 'error' }>>()
  const [starting, startTransition] = useTransition()

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    startTransition(async () => {
      const result = await start({ source: String(data.get('source')), name: String(data.get('name')) }).catch(
        () => noAnswer,
      )
      setRefusal(result.status === 'error' ? result : undefined)
      if (result.status === 'error') return
      form.reset()
      router.refresh()
    })
  }

  return (
    <form onSubmit={submit} aria-label="New backup" className="card space-y-3 px-5 py-4">
      <div className="grid items-start gap-3 sm:grid-cols-[minmax(0,3fr)_minmax(0,2fr)_auto]">
        <Select label="Folder" name="source" required error={refusal?.fieldErrors?.source}>
          {sources.map((source) => (
            <option key={source.path} value={source.path}>
              {source.label}
            </option>
          ))}
        </Select>
        <TextField
          label="Name"
          name="name"
          placeholder="Optional"
          maxLength={2000}
          error={refusal?.fieldErrors?.name}
        />
        {/* As low as the fields, whose labels stand above them. */}
        <Button type="submit" variant="primary" busy={starting ? 'Starting…' : undefined} className="sm:mt-6.5">
          Back up now
        </Button>
      </div>
      <Alert>{refusal?.message}</Alert>
    </form>
  )
}

const noAnswer = {
  status: 'error' as const,
  message: 'The console did not answer. Reload the page to see whether the backup started.',
}

'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { BackupsView, StartBackupInput, StartResult } from '#lib/backup/schema.ts'
import { PatternFields } from './pattern-fields.tsx'
import { chosenSource, SourceSelect } from './source-select.tsx'

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
      const result = await start({
        ...chosenSource(String(data.get('source')), sources),
        name: String(data.get('name')),
        include: String(data.get('include')),
        exclude: String(data.get('exclude')),
      }).catch(() => unanswered('Reload the page to see whether the backup started.'))
      setRefusal(result.status === 'error' ? result : undefined)
      if (result.status === 'error') return
      form.reset()
      router.refresh()
    })
  }

  return (
    <form method="post" onSubmit={submit} aria-label="New backup" className="card space-y-3 px-5 py-4">
      <div className="grid items-start gap-3 sm:grid-cols-[minmax(0,3fr)_minmax(0,2fr)_auto]">
        <SourceSelect sources={sources} error={refusal?.fieldErrors?.source} />
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
      <details className="group">
        <summary className="w-fit cursor-pointer text-sm text-ink-2 hover:text-ink">More: leave files out</summary>
        <div className="mt-3">
          <PatternFields errors={refusal?.fieldErrors} />
        </div>
      </details>
      <Alert>{refusal?.message}</Alert>
    </form>
  )
}

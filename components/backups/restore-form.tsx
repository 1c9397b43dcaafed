'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextArea } from '#components/ui/text-area.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { StartRestoreInput, StartResult } from '#lib/backup/schema.ts'

interface Props {
  backupId: string
  /** A folder that does not exist yet. */
  suggestion: string
  /** Chosen in the list of files, one a line. */
  chosen?: string
  start: (input: StartRestoreInput) => Promise<StartResult>
}

export function RestoreForm({ backupId, suggestion, chosen = '', start }: Props) {
  const router = useRouter()
  const [what, setWhat] = useState<'everything' | 'some'>(chosen === '' ? 'everything' : 'some')
  const [paths, setPaths] = useState(chosen)
  const [overwrite, setOverwrite] = useState<'' | 'never' | 'older' | 'always'>('')
  // Until somebody types, the suggestion counts, which is a new folder after every restore.
  const [typed, setTyped] = useState<string>()
  const target = typed ?? suggestion
  const [refusal, setRefusal] = useState<Extract<StartResult, { status: 'error' }>>()
  const [starting, startTransition] = useTransition()

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    startTransition(async () => {
      const result = await start({
        backupId,
        target,
        paths: what === 'some' ? paths : '',
        ...(overwrite !== '' && { overwrite }),
      }).catch(() => unanswered('Reload the page to see whether the restore started.'))
      setRefusal(result.status === 'error' ? result : undefined)
      if (result.status === 'error') return
      setTyped(undefined)
      router.refresh()
    })
  }

  return (
    <form method="post" onSubmit={submit} aria-label="Restore" className="space-y-3">
      <RadioGroup
        legend="What"
        name="what"
        options={[
          { value: 'everything', label: 'Everything', about: 'The folder as it was.' },
          {
            value: 'some',
            label: 'These paths',
            about: 'Files, folders or patterns; only what holds them is fetched.',
          },
        ]}
        chosen={what}
        onChange={(event) => setWhat(event.currentTarget.value === 'some' ? 'some' : 'everything')}
      />
      {what === 'some' && (
        <TextArea
          label="Paths"
          name="paths"
          required
          rows={4}
          value={paths}
          onChange={(event) => setPaths(event.target.value)}
          placeholder={'reports/2026\n*.pdf\n!drafts/'}
          help="One a line, from the backup’s top. With * ? or [ it is a pattern as .gitignore writes them; ! in front leaves out."
          error={refusal?.fieldErrors?.paths}
        />
      )}
      <TextField
        label="Restore to"
        name="target"
        mono
        required
        maxLength={4096}
        value={target}
        onChange={(event) => setTyped(event.target.value)}
        help={
          overwrite === ''
            ? 'A new or empty folder on the machine that runs this console, or below a restore folder of another worker.'
            : 'A folder on the machine that runs this console, or below a restore folder of another worker.'
        }
        error={refusal?.fieldErrors?.target}
      />
      <Select
        label="Files already there"
        name="overwrite"
        value={overwrite}
        onChange={(event) => setOverwrite(overwriteOf(event.target.value))}
        help="A file is replaced only when its new content is whole; folders and what the backup does not hold stay."
      >
        <option value="">None: the folder is new or empty</option>
        <option value="never">Keep every one</option>
        <option value="older">Replace those older than the backup’s</option>
        <option value="always">Replace all that the backup holds</option>
      </Select>
      <Alert>{refusal?.message}</Alert>
      <Button type="submit" variant="primary" busy={starting ? 'Starting…' : undefined}>
        Restore
      </Button>
    </form>
  )
}

function overwriteOf(value: string): '' | 'never' | 'older' | 'always' {
  return value === 'never' || value === 'older' || value === 'always' ? value : ''
}

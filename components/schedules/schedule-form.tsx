'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useState, useTransition } from 'react'
import { PatternFields } from '#components/backups/pattern-fields.tsx'
import { chosenSource, SourceSelect } from '#components/backups/source-select.tsx'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { Time } from '#components/ui/time.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { BackupsView } from '#lib/backup/schema.ts'
import type { AddedSchedule, AddScheduleResult } from '#lib/schedules/schema.ts'

interface Props {
  sources: BackupsView['sources']
  /** Sunday first. */
  weekdays: readonly string[]
  add: (input: unknown) => Promise<AddScheduleResult>
}

export function ScheduleForm({ sources, weekdays, add }: Props) {
  const router = useRouter()
  const [refusal, setRefusal] = useState<Extract<AddScheduleResult, { status: 'error' }>>()
  // The list shows a page at a time: a new one may be on another.
  const [added, setAdded] = useState<AddedSchedule>()
  const [weekly, setWeekly] = useState(false)
  const [adding, startTransition] = useTransition()
  const errors = refusal?.fieldErrors

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    setAdded(undefined)
    startTransition(async () => {
      const result = await add({
        ...Object.fromEntries(data),
        ...chosenSource(String(data.get('source')), sources),
      }).catch(() => unanswered('Reload the page to see whether the schedule was added.'))
      setRefusal(result.status === 'error' ? result : undefined)
      if (result.status === 'error') return
      setAdded(result)
      form.reset()
      setWeekly(false)
      router.refresh()
    })
  }

  return (
    <form method="post" onSubmit={submit} aria-label="New schedule" className="card space-y-3 px-5 py-4">
      <div className="grid items-start gap-3 sm:grid-cols-2">
        <SourceSelect sources={sources} error={errors?.source ?? errors?.host} />
        <TextField label="Name" name="name" placeholder="Optional" maxLength={200} error={errors?.name} />
      </div>
      <div className="grid items-start gap-3 sm:grid-cols-[repeat(4,minmax(0,1fr))_auto]">
        <Select
          label="How often"
          name="every"
          value={weekly ? 'weekly' : 'daily'}
          onChange={(event) => setWeekly(event.target.value === 'weekly')}
          error={errors?.every}
        >
          <option value="daily">Daily</option>
          <option value="weekly">Weekly</option>
        </Select>
        <Select label="Day" name="weekday" defaultValue="1" disabled={!weekly} error={errors?.weekday}>
          {weekdays.map((day, index) => (
            <option key={day} value={index}>
              {day}
            </option>
          ))}
        </Select>
        <TextField label="Time in UTC" name="at" defaultValue="02:00" required maxLength={5} error={errors?.at} />
        <TextField
          label="Keep the last"
          name="keep"
          inputMode="numeric"
          defaultValue="7"
          required
          maxLength={4}
          error={errors?.keep}
        />
        <Button type="submit" variant="primary" busy={adding ? 'Adding…' : undefined} className="sm:mt-6.5">
          Add schedule
        </Button>
      </div>
      <details>
        <summary className="w-fit cursor-pointer text-sm text-ink-2 hover:text-ink">More: leave files out</summary>
        <div className="mt-3">
          <PatternFields errors={errors} />
        </div>
      </details>
      <Alert>{refusal?.message}</Alert>
      <p role="status" className="wrap-anywhere text-ok empty:sr-only">
        {added && (
          <>
            “{added.name}” is added. First run: <Time iso={added.nextRunAt} />.
          </>
        )}
      </p>
    </form>
  )
}

'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useEffect, useId, useRef, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { Command } from '#components/ui/command.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { CreateTokenInput, TokenScope } from '#lib/auth/schema.ts'
import type { CreateTokenResult } from './results.ts'

const words: Readonly<Record<TokenScope, string>> = {
  'backup:create': 'Send backups',
  'backup:read': 'List backups and see how they are',
  'backup:restore': 'Restore and download backups',
}

interface Props {
  /** What the person may give away. */
  scopes: readonly TokenScope[]
  publicUrl: string
  create: (input: CreateTokenInput) => Promise<CreateTokenResult>
}

export function CreateTokenForm({ scopes, publicUrl, create }: Props) {
  const router = useRouter()
  const [result, setResult] = useState<CreateTokenResult>()
  const [creating, startTransition] = useTransition()
  const shown = useRef<HTMLElement>(null)
  const told = useId()
  // Not before it is in the page.
  useEffect(() => {
    if (result?.status === 'success') shown.current?.focus()
  }, [result])
  const refusal = result?.status === 'error' ? result : undefined

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    startTransition(async () => {
      const chosen = scopes.filter((scope) => data.has(scope))
      const answer = await create({
        name: String(data.get('name')),
        scopes: chosen,
        expires: String(data.get('expires')),
      }).catch(() => unanswered('Reload the page: if the token is in the list, revoke it and create another.'))
      setResult(answer)
      if (answer.status !== 'success') return
      form.reset()
      router.refresh()
    })
  }

  return (
    <Card title="New token">
      <form method="post" onSubmit={submit} aria-label="New API token" className="space-y-4">
        <div className="grid items-start gap-3 sm:grid-cols-[minmax(0,3fr)_minmax(0,1fr)]">
          <TextField
            label="Name"
            name="name"
            required
            maxLength={100}
            placeholder="nightly database dump"
            error={refusal?.fieldErrors?.name}
          />
          <Select label="Expires in" name="expires" defaultValue="90d" error={refusal?.fieldErrors?.expires}>
            <option value="1d">1 day</option>
            <option value="7d">7 days</option>
            <option value="30d">30 days</option>
            <option value="90d">90 days</option>
            <option value="366d">1 year</option>
          </Select>
        </div>
        <fieldset>
          <legend className="mb-2 font-medium">It may</legend>
          <div className="space-y-2">
            {scopes.map((scope) => (
              <Checkbox
                key={scope}
                name={scope}
                label={words[scope]}
                help={<code>{scope}</code>}
                defaultChecked={scope === scopes[0]}
              />
            ))}
          </div>
          {refusal?.fieldErrors?.scopes && <p className="mt-1.5 text-sm text-bad">{refusal.fieldErrors.scopes}</p>}
        </fieldset>
        <Button type="submit" variant="primary" busy={creating ? 'Creating…' : undefined}>
          Create token
        </Button>
        <Alert>{refusal?.message}</Alert>
      </form>
      {result?.status === 'success' && (
        <section
          ref={shown}
          tabIndex={-1}
          aria-labelledby={told}
          className="mt-5 rounded-control border border-accent bg-accent-soft px-4 py-3 outline-none"
        >
          <p id={told} className="font-medium">
            Copy this token now. It is not shown again.
          </p>
          <div className="mt-2 flex items-center gap-2 max-sm:flex-col max-sm:items-start">
            <code data-testid="token" className="min-w-0 flex-1 rounded-control bg-surface px-2.5 py-1.5 break-all">
              {result.token}
            </code>
            <CopyButton text={result.token} what="the API token" />
          </div>
          <p className="mt-3 text-sm text-ink-2">To send a file:</p>
          <div className="mt-1">
            <Command
              text={`curl -T dump.sql -H "Authorization: Bearer $TOKEN" '${publicUrl}/api/v1/backups?name=dump&path=dump.sql'`}
            />
          </div>
        </section>
      )}
    </Card>
  )
}

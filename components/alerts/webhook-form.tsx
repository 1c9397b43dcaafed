'use client'
import { type SubmitEvent, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import type { AlertSettingsView, AlertsResult, WebhookInput } from '#lib/alerts/schema.ts'
import { useAlertsForm } from './use-alerts-form.tsx'

interface Props {
  settings: AlertSettingsView['webhook']
  save: (input: WebhookInput, password?: string) => Promise<AlertsResult>
  test: (input: { channel: 'webhook' }) => Promise<AlertsResult>
}

export function WebhookForm({ settings, save, test }: Props) {
  const [on, setOn] = useState(settings !== null)
  const form = useAlertsForm({ save, test: () => test({ channel: 'webhook' }) })
  const { errors } = form

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    form.submit({ on, url: String(data.get('url') ?? ''), secret: String(data.get('secret') ?? '') })
  }

  return (
    <Card
      title="Webhook"
      hint="A signed POST with JSON, as Standard Webhooks has it: whoever receives it can tell that it is from here, and that it is new."
    >
      <form method="post" onSubmit={submit} aria-label="Alerts by webhook" noValidate className="flex flex-col gap-4">
        <Checkbox
          name="on"
          label="Send alerts to a webhook"
          checked={on}
          onChange={(event) => setOn(event.currentTarget.checked)}
        />
        {on && (
          <>
            <TextField
              key={`address ${form.saves}`}
              label="Address"
              name="url"
              mono
              inputMode="url"
              maxLength={2000}
              placeholder={settings ? 'Stored; leave empty to keep it' : 'https://hooks.example.com/vault'}
              error={errors.url}
              help={
                <>
                  {settings && (
                    <>
                      Stored sealed: it leads to <code>{settings.origin}</code>, and the rest is not shown again.{' '}
                    </>
                  )}
                  With <code>http://</code> whoever is on the way can read it, though not change it. One in a private
                  network, or on this machine, must be named in <code>VAULT_ALLOWED_ENDPOINTS</code> as{' '}
                  <code>HOST</code> or <code>HOST:PORT</code>. Redirects are not followed.
                </>
              }
            />
            <TextField
              key={`secret ${form.saves}`}
              label="Signing secret"
              name="secret"
              type="password"
              mono
              autoComplete="new-password"
              maxLength={200}
              placeholder={settings ? 'Stored; leave empty to keep it' : 'Leave empty to have one made'}
              error={errors.secret}
              help={
                <>
                  <code>whsec_</code> and 24 to 64 random bytes in base64. Stored sealed.
                </>
              }
            />
          </>
        )}
        <div className="flex flex-wrap gap-2.5">
          <Button type="submit" variant="primary" busy={form.saving ? 'Saving…' : undefined}>
            Save webhook
          </Button>
          {settings && (
            <Button onClick={form.runTest} busy={form.testing ? 'Sending…' : undefined}>
              Send a test to the webhook
            </Button>
          )}
        </div>
        <Alert>{form.message}</Alert>
        <p role="status" className="text-ok empty:sr-only">
          {form.saved && (form.secret ? 'Saved. Copy this signing secret now. It is not shown again.' : 'Saved.')}
          {form.tested && 'The webhook took the test.'}
        </p>
        {form.secret && (
          <div className="rounded-control border border-accent bg-accent-soft px-4 py-3">
            <div className="flex items-center gap-2 max-sm:flex-col max-sm:items-start">
              <code
                data-testid="webhook-secret"
                className="min-w-0 flex-1 rounded-control bg-surface px-2.5 py-1.5 break-all"
              >
                {form.secret}
              </code>
              <CopyButton text={form.secret} what="the signing secret" />
            </div>
          </div>
        )}
      </form>
      {form.dialog}
    </Card>
  )
}

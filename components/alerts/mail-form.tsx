'use client'
import { type SubmitEvent, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextArea } from '#components/ui/text-area.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import type { AlertSettingsView, AlertsResult, MailInput } from '#lib/alerts/schema.ts'
import { useAlertsForm } from './use-alerts-form.tsx'

interface Props {
  settings: AlertSettingsView['mail']
  save: (input: MailInput, password?: string) => Promise<AlertsResult>
  test: (input: { channel: 'mail' }) => Promise<AlertsResult>
}

export function MailForm({ settings, save, test }: Props) {
  const [on, setOn] = useState(settings !== null)
  const form = useAlertsForm({ save, test: () => test({ channel: 'mail' }) })
  const { errors } = form

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => String(data.get(name) ?? '')
    const tls = text('tls')
    form.submit({
      on,
      host: text('host'),
      port: on ? text('port') : 587,
      tls: tls === 'tls' || tls === 'none' ? tls : 'starttls',
      user: text('user'),
      password: text('password'),
      from: text('from'),
      to: text('to'),
    })
  }

  return (
    <Card title="Mail" hint="By a mail server of yours, in plain text, to as many as 20 addresses.">
      <form method="post" onSubmit={submit} aria-label="Alerts by mail" noValidate className="flex flex-col gap-4">
        <Checkbox
          name="on"
          label="Send alerts by mail"
          checked={on}
          onChange={(event) => setOn(event.currentTarget.checked)}
        />
        {on && (
          <>
            <div className="grid items-start gap-3 sm:grid-cols-[minmax(0,3fr)_minmax(0,1fr)_minmax(0,2fr)]">
              <TextField
                label="Mail server"
                name="host"
                mono
                maxLength={253}
                placeholder="smtp.example.com"
                defaultValue={settings?.host}
                error={errors.host}
                help={
                  <>
                    One in a private network, or on this machine, must be named in <code>VAULT_ALLOWED_ENDPOINTS</code>{' '}
                    as <code>HOST:PORT</code> by whoever runs this console.
                  </>
                }
              />
              <TextField
                label="Port"
                name="port"
                inputMode="numeric"
                maxLength={5}
                defaultValue={settings?.port ?? 587}
                error={errors.port}
              />
              <Select label="Protection" name="tls" defaultValue={settings?.tls ?? 'starttls'} error={errors.tls}>
                <option value="starttls">STARTTLS, required</option>
                <option value="tls">TLS from the first byte</option>
                <option value="none">None (no password)</option>
              </Select>
            </div>
            <div className="grid items-start gap-3 sm:grid-cols-2">
              <TextField
                label="User name"
                name="user"
                maxLength={254}
                defaultValue={settings?.user}
                error={errors.user}
                help="Empty where the server asks for none."
              />
              <TextField
                key={form.saves}
                label="Password"
                name="password"
                type="password"
                autoComplete="new-password"
                maxLength={1024}
                placeholder={settings?.hasPassword ? 'Stored; leave empty to keep it' : ''}
                error={errors.password}
                help="Stored sealed and never shown. For another server or user it is asked for again."
              />
            </div>
            <TextField
              label="From"
              name="from"
              inputMode="email"
              maxLength={254}
              placeholder="vault@example.com"
              defaultValue={settings?.from}
              error={errors.from}
            />
            <TextArea
              label="To"
              name="to"
              placeholder={'oncall@example.com\nsecurity@example.com'}
              defaultValue={settings?.to.join('\n')}
              error={errors.to}
              help="One address a line."
            />
          </>
        )}
        <div className="flex flex-wrap gap-2.5">
          <Button type="submit" variant="primary" busy={form.saving ? 'Saving…' : undefined}>
            Save mail
          </Button>
          {settings && (
            <Button onClick={form.runTest} busy={form.testing ? 'Sending…' : undefined}>
              Send a test mail
            </Button>
          )}
        </div>
        <Alert>{form.message}</Alert>
        <p role="status" className="text-ok empty:sr-only">
          {form.saved && 'Saved.'}
          {form.tested && 'The mail server took the test. Look whether it arrived.'}
        </p>
      </form>
      {form.dialog}
    </Card>
  )
}

'use client'
import { useRouter } from 'next/navigation'
import { type SubmitEvent, useEffect, useRef, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { RadioGroup } from '#components/ui/radio-group.tsx'
import { Select } from '#components/ui/select.tsx'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { TextField } from '#components/ui/text-field.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type {
  PreviewResult,
  RewrapMode,
  RewrapPreview,
  RewrapRequestInput,
  RewrapSource,
  StartRewrapResult,
} from '#lib/rewrap/schema.ts'
import { PreviewCard } from './preview-card.tsx'

interface Props {
  /** Those with the most backups. */
  sources: readonly RewrapSource[]
  /** How many keys there are besides. */
  further: number
  /** Keys to click; the sandbox's. */
  offered: readonly { readonly arn: string; readonly alias: string | null; readonly about: string }[]
  /** From the address bar. */
  initial: { readonly mode: RewrapMode; readonly from: string; readonly to: string }
  preview(input: RewrapRequestInput): Promise<PreviewResult>
  start(input: { request: RewrapRequestInput; seen: string | null }): Promise<StartRewrapResult>
}

const modes: readonly { value: RewrapMode; label: string; about: string }[] = [
  { value: 'exchange', label: 'Exchange', about: 'The new key takes the place of the old one.' },
  { value: 'add', label: 'Add a key', about: 'The old key stays; the new one opens the backups as well.' },
  { value: 'remove', label: 'Remove a key', about: 'Only where another key is left: never the last.' },
]

export function RewrapForm({ sources, further, offered, initial, preview, start }: Props) {
  const router = useRouter()
  const [mode, setMode] = useState(initial.mode)
  const [own, setOwn] = useState(initial.to === 'AES-256')
  const [refusal, setRefusal] = useState<Extract<PreviewResult | StartRewrapResult, { status: 'error' }>>()
  const [shown, setShown] = useState<{ request: RewrapRequestInput; preview: RewrapPreview }>()
  const [looking, look] = useTransition()
  const [starting, begin] = useTransition()
  const result = useRef<HTMLElement>(null)
  // Not before it is in the page.
  useEffect(() => {
    if (shown) result.current?.focus()
  }, [shown])

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const calls = String(data.get('perSecond') ?? '').trim()
    const request: RewrapRequestInput = {
      mode,
      from: String(data.get('from') ?? ''),
      to: mode === 'remove' ? '' : own ? 'AES-256' : String(data.get('to') ?? ''),
      perSecond: calls === '' ? null : Number(calls),
    }
    look(async () => {
      const answer = await preview(request).catch(() => unanswered('Reload the page and look again.'))
      setRefusal(answer.status === 'error' ? answer : undefined)
      setShown(answer.status === 'success' ? { request, preview: answer.preview } : undefined)
    })
  }

  function run() {
    if (!shown) return
    begin(async () => {
      const answer = await start({ request: shown.request, seen: shown.preview.to }).catch(() =>
        unanswered('Reload the page and look again.'),
      )
      if (answer.status === 'success') return router.push(`/keys/rewrap/${answer.id}`)
      setRefusal(answer)
      setShown(undefined)
    })
  }

  const errors = refusal?.fieldErrors ?? {}
  return (
    <>
      <Card
        title="Choose the keys"
        hint="Nothing happens yet: the new key is proven first, and you see what would be done."
      >
        {/* What was shown is of what was chosen then. */}
        <form
          method="post"
          onSubmit={submit}
          onChange={() => setShown(undefined)}
          aria-label="Re-wrap"
          className="space-y-4"
        >
          <RadioGroup
            legend="What to do"
            name="mode"
            options={modes}
            chosen={mode}
            onChange={(event) => {
              const chosen = modes.find(({ value }) => value === event.currentTarget.value)
              if (chosen) setMode(chosen.value)
            }}
          />
          <Select
            label={mode === 'add' ? 'Backups under' : mode === 'remove' ? 'Key to remove' : 'Old key'}
            name="from"
            defaultValue={initial.from}
            error={errors.from}
            help={
              further > 0 &&
              `The keys with the most backups. For ${further === 1 ? 'the one other' : `one of the ${formatNumber(further)} others`}, begin on its page, with Re-wrap.`
            }
          >
            {mode === 'add' ? <option value="">whatever key</option> : <option value="">Choose a key</option>}
            {initial.from && !sources.some(({ name }) => name === initial.from) && (
              <option value={initial.from}>{labelOf({ name: initial.from, backups: 0, bytes: 0 })}</option>
            )}
            {sources.map((source) => (
              <option key={source.name} value={source.name}>
                {labelOf(source)}
              </option>
            ))}
          </Select>
          {mode !== 'remove' && (
            <div className="grid items-start gap-4 sm:grid-cols-[minmax(0,2fr)_minmax(0,5fr)]">
              <Select
                label="New key"
                name="kind"
                value={own ? 'AES-256' : 'AWS-KMS'}
                onChange={(event) => setOwn(event.currentTarget.value === 'AES-256')}
              >
                <option value="AWS-KMS">AWS-KMS</option>
                <option value="AES-256">AES-256</option>
              </Select>
              {own ? (
                <p className="self-end text-sm text-ink-3 sm:pb-2">
                  The console’s own root key. Such backups cannot be opened without the console: make a recovery kit.
                </p>
              ) : (
                <TextField
                  label="Key ARN, key ID or alias"
                  name="to"
                  mono
                  defaultValue={initial.to === 'AES-256' ? '' : initial.to}
                  list={offered.length > 0 ? 'offered-keys' : undefined}
                  maxLength={2048}
                  placeholder="alias/…"
                  error={errors.to}
                  help="An alias is resolved now. It is reached with the credentials of the saved environment."
                />
              )}
            </div>
          )}
          {offered.length > 0 && (
            <datalist id="offered-keys">
              {offered.map(({ arn, alias, about }) => (
                <option key={arn} value={arn} label={alias ? `${alias}: ${about}` : about} />
              ))}
            </datalist>
          )}
          <TextField
            label="KMS calls a second"
            name="perSecond"
            inputMode="numeric"
            className="sm:max-w-64"
            placeholder="A tenth of the quota"
            error={errors.perSecond}
            help="Empty: a tenth of what KMS takes from an account in that Region."
          />
          <Alert>{refusal?.message}</Alert>
          <Button
            type="submit"
            variant={shown ? 'secondary' : 'primary'}
            busy={looking ? 'Proving the key…' : undefined}
          >
            See what it will do
          </Button>
        </form>
      </Card>
      {shown && (
        <div className="mt-4">
          <PreviewCard preview={shown.preview} starting={starting} start={run} focus={result} />
        </div>
      )}
    </>
  )
}

/** The key ID is what an ARN is told by; the number of backups must fit on a phone. */
const middleOf = (resource: string) => shortenArn(`arn:aws:kms:::${resource}`).replace('arn:…:', '')

function labelOf({ name, backups, bytes }: RewrapSource): string {
  const [, , , region, account, resource] = name.split(':')
  const what = resource ? `${middleOf(resource)} in ${region}, account ${account}` : 'AES-256, the console’s root keys'
  return `${what} · ${backups === 0 ? 'no backups' : `${count(backups, 'backup')}, ${formatBytes(bytes)}`}`
}

'use client'
import dynamic from 'next/dynamic'
import { type Ref, useState } from 'react'
import { Arn } from '#components/ui/arn.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { formatDuration } from '#components/ui/format-time.ts'
import type { RewrapPreview } from '#lib/rewrap/schema.ts'
import { NoteList } from './note-list.tsx'

// Only whoever removes a key needs it.
const AlertDialog = dynamic(() => import('#components/ui/alert-dialog.tsx'))

const isArn = (name: string) => name.startsWith('arn:')

/** List price of symmetric requests in most Regions (AWS KMS pricing). */
const dollarsPerCall = 0.03 / 10_000

function priceOf(calls: number): string {
  const dollars = calls * dollarsPerCall
  return dollars < 0.01 ? 'Less than 0.01 USD' : `About ${formatNumber(dollars, 2)} USD`
}

interface Props {
  preview: RewrapPreview
  starting: boolean
  start: () => void
  focus: Ref<HTMLElement>
}

export function PreviewCard({ preview, starting, start, focus }: Props) {
  const { mode, from, to, toTyped, backups, bytes, calls, perSecond, seconds, notes } = preview
  const [asking, setAsking] = useState(false)
  const kms = calls.decrypt + calls.encrypt
  const amount = count(backups, 'backup')
  const verb = { exchange: `Re-wrap ${amount}`, add: `Add key to ${amount}`, remove: 'Remove key…' }[mode]
  return (
    <Card
      focus={focus}
      title="What it will do"
      hint="Only envelopes are written anew. No data object is read, written or moved."
    >
      <Facts>
        <Fact name="Backups">
          {backups === 0
            ? 'None: there is nothing to do.'
            : `${formatNumber(backups)}, ${formatBytes(bytes)} of content`}
        </Fact>
        {to !== null && (
          <Fact name="New key">
            {isArn(to) ? <Arn arn={to} full /> : 'AES-256: the newest root key of this console'}
            {toTyped !== to && <span className="block text-sm text-ink-3">{toTyped} points there now.</span>}
            {isArn(to) && (
              <span className="block text-sm text-ink-3">Just proven: DescribeKey, Encrypt and Decrypt worked.</span>
            )}
          </Fact>
        )}
        {from !== null && (
          <Fact name={mode === 'add' ? 'Stays' : mode === 'remove' ? 'Removed' : 'Old key'}>
            {isArn(from) ? <Arn arn={from} full /> : from}
          </Fact>
        )}
        <Fact name="KMS calls">
          {kms === 0 ? (
            'None: the keys are the console’s own.'
          ) : (
            <>
              At most {formatNumber(kms)}: {formatNumber(calls.decrypt)} Decrypt
              {calls.encrypt > 0 && `, ${formatNumber(calls.encrypt)} Encrypt`}
              <span className="block text-sm text-ink-3">
                {formatNumber(perSecond)} a second at most. {priceOf(kms)} at the list price.
              </span>
            </>
          )}
        </Fact>
        {backups > 0 && <Fact name="Takes about">{formatDuration(Math.max(1, seconds) * 1000)}</Fact>}
      </Facts>
      {notes.length > 0 && (
        <div className="mt-4 border-t border-line pt-4">
          <NoteList notes={notes} />
        </div>
      )}
      {backups > 0 && (
        <div className="mt-4 border-t border-line pt-4">
          <Button
            variant={mode === 'remove' ? 'danger' : 'primary'}
            busy={starting ? 'Starting…' : undefined}
            onClick={() => (mode === 'remove' ? setAsking(true) : start())}
          >
            {verb}
          </Button>
        </div>
      )}
      {asking && (
        <AlertDialog
          open
          title={`Remove this key from ${amount}?`}
          confirm="Remove key"
          cancel="Keep it"
          busy={starting ? 'Starting…' : undefined}
          onConfirm={start}
          onCancel={() => setAsking(false)}
        >
          <p>
            The backups open only with their other keys from then on. Whoever has only this key can no longer open them.
          </p>
        </AlertDialog>
      )}
    </Card>
  )
}

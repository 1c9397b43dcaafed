import Link from 'next/link'
import type { ReactNode } from 'react'
import { ToneIcon } from '#components/ui/badge.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { count, formatBytes, formatNumber } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import { type Amount, isNeeded, type KeyView } from '#lib/key-holdings/schema.ts'

/** What would be lost with a key, and what else hangs on it. */
export function BlastRadius({ view: { key, schedules } }: { view: KeyView }) {
  const { environment, underWay, seal, pausedSchedules } = key
  const further = key.schedules - schedules.length
  return (
    <>
      <Verdict view={key} />
      <Facts>
        <Fact name="Backups">
          <AmountWords amount={key} none="None" />
        </Fact>
        <Fact name="Another way in">
          {key.backups === 0
            ? '–'
            : `${formatNumber(key.otherWayIn)} of ${formatNumber(key.backups)} ${key.otherWayIn === 1 ? 'is' : 'are'} opened by something else as well`}
        </Fact>
        {underWay > 0 && <Fact name="Under way">{count(underWay, 'backup')} queued, running or waiting</Fact>}
        <Fact name="New backups">
          {environment ? (
            <>
              Wrapped under it, as the {environment.as} key of{' '}
              <Link href="/settings/backup-environment" className="link">
                the saved environment
              </Link>{' '}
              (revision {environment.revision})
            </>
          ) : key.named ? (
            <>
              Not under it any more: revision{' '}
              <Link href={`/settings/backup-environment/history/${key.named.revision}`} className="link">
                {key.named.revision}
              </Link>{' '}
              of <Time iso={key.named.at} /> was the last to name it
            </>
          ) : (
            'Not under it: no revision of the environment names it'
          )}
        </Fact>
        <Fact name="Schedules">
          {key.schedules === 0 ? 'None' : count(key.schedules, 'schedule')}
          {schedules.length > 0 && (
            <span className="block text-sm text-ink-2">
              {schedules.map(({ id, name }, index) => (
                <span key={id}>
                  {index > 0 && ', '}
                  <Link href="/backups/schedules" prefetch={false} className="link wrap-anywhere" title={name}>
                    {name.length > 60 ? `${name.slice(0, 60)}…` : name}
                  </Link>
                </span>
              ))}
              {further > 0 && ` and ${formatNumber(further)} more`}
            </span>
          )}
          {pausedSchedules > 0 && (
            <span className="block text-sm text-ink-3">{count(pausedSchedules, 'schedule')} paused</span>
          )}
        </Fact>
        {seal && (
          <Fact name="Seal">
            It wraps {count(seal.rootKeys, 'root key')} of this console
            {seal.through.backups > 0 && `, which open ${amountText(seal.through)} of method AES-256`}.
            {seal.onlyWayIn > 0 && (
              <span className="block text-sm text-bad">
                Nothing else unwraps {seal.onlyWayIn === 1 ? 'one' : seal.onlyWayIn} of them: without this key the
                console cannot be unsealed, and {count(seal.secrets, 'secret')} of it{' '}
                {seal.secrets === 1 ? 'is' : 'are'} lost.
              </span>
            )}
          </Fact>
        )}
      </Facts>
    </>
  )
}

function Verdict({ view: key }: { view: KeyView['key'] }) {
  const { lost, backups, health, seal } = key
  const gone = health?.state === 'deleted'
  if (lost.backups > 0) {
    return (
      <Line tone="bad">
        <strong className="font-semibold">
          {gone
            ? `${count(lost.backups, 'backup')} can never be restored again: ${formatBytes(lost.bytes)}.`
            : `If this key went today, ${count(lost.backups, 'backup')} would be lost: ${formatBytes(lost.bytes)}.`}
        </strong>{' '}
        Nothing else opens {lost.backups === 1 ? 'it' : 'them'}
        {lost.oldest && lost.newest && lost.oldest !== lost.newest && (
          <>
            , made between <Time iso={lost.oldest} /> and <Time iso={lost.newest} />
          </>
        )}
        . A second key that is deleted, pending deletion, disabled or refused does not count as another way in.
      </Line>
    )
  }
  if (seal && seal.onlyWayIn > 0) {
    return (
      <Line tone="bad">
        <strong className="font-semibold">
          {gone
            ? 'This console does not open again after its next start.'
            : 'If this key went today, this console would not open again after its next start.'}
        </strong>{' '}
        It is the key of the console’s seal, and nothing else opens what is under it
        {seal.secrets > 0 && `: ${count(seal.secrets, 'secret')}`}. No backup would be lost with it.
      </Line>
    )
  }
  if (!isNeeded(key)) return <Line tone="ok">Nothing that this console knows of hangs on this key any more.</Line>
  return (
    <Line tone="ok">No backup would be lost with this key{backups > 0 && ': each has another one that opens it'}.</Line>
  )
}

function Line({ tone, children }: { tone: 'bad' | 'ok'; children: ReactNode }) {
  return (
    <p className={`mb-4 flex gap-2.5 rounded-control px-3.5 py-2.5 ${tone === 'bad' ? 'bg-bad-soft' : 'bg-sunken'}`}>
      <ToneIcon tone={tone} className="mt-0.5 size-4" />
      <span className="min-w-0">{children}</span>
    </p>
  )
}

function AmountWords({ amount, none }: { amount: Amount; none: string }) {
  const { backups, oldest, newest } = amount
  if (backups === 0) return none
  return (
    <>
      {amountText(amount)}
      {oldest && newest && (
        <span className="block text-sm text-ink-3">
          newest restore point <Time iso={newest} />
          {oldest !== newest && (
            <>
              , oldest <Time iso={oldest} />
            </>
          )}
        </span>
      )}
    </>
  )
}

const amountText = ({ backups, bytes }: Amount) => `${count(backups, 'backup')}, ${formatBytes(bytes)}`

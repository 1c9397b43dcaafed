'use client'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { pageAddress } from '#components/ui/page-address.ts'
import { Time } from '#components/ui/time.tsx'
import { unansweredTryAgain } from '#components/ui/unanswered.ts'
import type { AuditState, ExportFormat } from '#lib/audit/schema.ts'

interface Props {
  state: AuditState
  /** The filters of the page: only what they show is exported. */
  query: Readonly<Record<string, string | undefined>>
  check(input: object): Promise<{ status: 'success' | 'error'; message: string }>
}

const formats: readonly (readonly [ExportFormat, string])[] = [
  ['jsonl', 'JSON'],
  ['csv', 'CSV'],
]

/** Whether somebody tampered with the log, as far as that is known at once, and what to find out more with. */
export function ChainState({ state: { entries, tooMany, signed, fault }, query, check }: Props) {
  const [checking, start] = useTransition()
  const [result, setResult] = useState<Awaited<ReturnType<Props['check']>>>()
  const filtered = Object.values(query).some((value) => value !== undefined)
  return (
    <section aria-label="State of the log" className="mb-5 space-y-2.5">
      {fault !== null && <Alert>{fault} byok audit verify, on this host, goes through all of it.</Alert>}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm text-ink-2">
        <p className="mr-auto">
          {count(Number(entries), 'event')}.{' '}
          {fault === null && signed ? (
            <>
              Signed up to event {formatNumber(Number(signed.number))}, <Time iso={signed.at} />.
            </>
          ) : (
            fault === null && 'A worker signs them every five minutes.'
          )}
          {tooMany && ' To go through them all: byok audit verify, on this host.'}
        </p>
        <div className="flex flex-wrap gap-2.5">
          {!tooMany && (
            <Button
              size="small"
              busy={checking ? 'Checking…' : undefined}
              onClick={() => start(async () => setResult(await check({}).catch(() => unansweredTryAgain())))}
            >
              Check all
            </Button>
          )}
          {formats.map(([format, word]) => (
            <a
              key={format}
              className={buttonClass({ size: 'small' })}
              download
              href={pageAddress('/api/audit', { ...query, format })}
            >
              Export {filtered && 'these '}as {word}
            </a>
          ))}
        </div>
      </div>
      <div role="status" className="text-sm wrap-anywhere text-ink-2 empty:sr-only">
        {result?.status === 'success' ? result.message : ''}
      </div>
      {result?.status === 'error' && <Alert>{result.message}</Alert>}
    </section>
  )
}

'use client'
import { settingWords, wordOf } from '#components/environment/setting-words.ts'
import { Badge } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import { exactTime } from '#components/ui/format-time.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { AuditOutcome, AuditRow } from '#lib/audit/schema.ts'
import { actionWords } from './action-words.ts'

const outcomes = {
  success: { tone: 'ok', word: 'Success' },
  refused: { tone: 'warn', word: 'Refused' },
  failed: { tone: 'bad', word: 'Failed' },
  cancelled: { tone: 'idle', word: 'Cancelled' },
} as const satisfies Record<AuditOutcome, object>

/** A component of the browser so that its rows are sent to it as they are: see components/keys/key-lines.tsx. */
export function AuditTable({ rows }: { rows: readonly AuditRow[] }) {
  return (
    <div className="card overflow-hidden">
      <Table aria-label="Audit" className="table-fixed">
        <thead>
          <tr>
            <Th wide className="w-36">
              When
            </Th>
            <Th wide className="w-56">
              Who
            </Th>
            <Th>What</Th>
            <Th className="w-32 max-md:w-28">Outcome</Th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <Td wide>
                <Time iso={row.at} />
                {/* Somebody compares it with another log: without a pointer too, and on paper. */}
                <span className="block text-sm text-ink-3">{timeOfDay(row.at)}</span>
              </Td>
              <Td wide>
                <span className="block truncate" title={row.actor}>
                  {row.actor}
                </span>
                {row.address && (
                  <span className="block truncate text-sm text-ink-3" title={row.address}>
                    {row.address}
                  </span>
                )}
              </Td>
              <Td heads>
                <div className="font-medium">{actionWords[row.action]}</div>
                <div className="line-clamp-2 text-sm text-ink-2 wrap-anywhere max-md:line-clamp-4" title={row.subject}>
                  {row.subject}
                </div>
                <div className="mt-0.5 text-sm text-ink-3 wrap-anywhere md:hidden">
                  <Time iso={row.at} />, {timeOfDay(row.at)} · {row.actor}
                  {row.address && ` · ${row.address}`}
                </div>
                <Changes action={row.action} changes={row.changes} />
              </Td>
              <Td>
                <Badge tone={outcomes[row.outcome].tone}>{outcomes[row.outcome].word}</Badge>
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}

/** `08:30:05 UTC`. */
const timeOfDay = (iso: string) => exactTime(iso).slice(11)

function Changes({ action, changes }: Pick<AuditRow, 'action' | 'changes'>) {
  // The same words as in the form and in its history.
  const settings = action === 'environment.save'
  const shownAs = (name: string, value: string | null) => (settings && value ? wordOf(name, value) : value)
  const entries = Object.entries(changes)
  if (entries.length === 0) return null
  return (
    <details className="mt-1 text-sm">
      <summary className="w-fit text-ink-2 hover:text-ink">{count(entries.length, 'change')}</summary>
      <dl className="mt-1.5 space-y-1.5 border-l-2 border-line pl-3">
        {entries.map(([name, [before, after]]) => (
          <div key={name}>
            <dt className="text-ink-3">{(settings && settingWords[name]) || name}</dt>
            <dd className="wrap-anywhere">
              <Value word="before">{shownAs(name, before)}</Value>
              <span className="px-1.5 text-ink-3" aria-hidden="true">
                →
              </span>
              <Value word="after">{shownAs(name, after)}</Value>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

function Value({ word, children }: { word: string; children: string | null }) {
  return (
    <>
      <span className="sr-only">{word}: </span>
      {children === null || children === '' ? <span className="text-ink-3">nothing</span> : <code>{children}</code>}
    </>
  )
}

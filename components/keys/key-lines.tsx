'use client'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { type StateWords, StateWordsBadge } from './state-words.tsx'

/** A row in words. */
export interface KeyLine {
  readonly arn: string
  readonly href: string
  readonly name: string
  /** Where the name is not the key ID. */
  readonly id: string | undefined
  readonly place: string
  readonly state: StateWords
  readonly checkedAt: string | undefined
  readonly backups: string
  readonly bytes: string | undefined
  readonly counted: string
  readonly underWay: string | undefined
  /** How many backups, and their bytes. */
  readonly lost: readonly [string, string] | undefined
  /** ISO 8601, the newest first; the oldest where it is another one. */
  readonly points: readonly string[]
  readonly neededFor: string | undefined
}

/**
 * The table itself. A component of the browser, although it does nothing there: what comes from the server is written
 * twice, as HTML and for React, and for React this table is its words and not each of its 1,300 elements.
 */
export function KeyLines({ lines }: { lines: readonly KeyLine[] }) {
  return (
    <div className="card overflow-hidden">
      <Table aria-label="Keys" className="table-fixed">
        <thead>
          <tr>
            <Th>Key</Th>
            <Th className="w-56 max-md:w-40">State</Th>
            <Th numeric wide className="w-28">
              Backups
            </Th>
            <Th numeric wide className="w-32">
              Lost with it
            </Th>
            <Th wide className="w-36 max-xl:hidden">
              Restore points
            </Th>
            <Th wide className="w-44 max-xl:hidden">
              Needed for
            </Th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Line key={line.arn} line={line} />
          ))}
        </tbody>
      </Table>
    </div>
  )
}

function Line({ line }: { line: KeyLine }) {
  const { arn, href, name, id, place, state, checkedAt, backups, bytes, counted, underWay, lost } = line
  const [newest, oldest] = line.points
  const neededFor = line.neededFor ?? <span className="text-ink-3">Nothing any more</span>
  return (
    <tr>
      <Td heads>
        <Link
          href={href}
          prefetch={false}
          title={arn}
          className={`line-clamp-2 font-medium wrap-anywhere hover:underline ${id ? '' : 'font-mono text-sm'}`}
        >
          {name}
        </Link>
        {id && (
          <code className="block truncate text-sm text-ink-3" title={arn}>
            {id}
          </code>
        )}
        <div className="text-sm text-ink-3">{place}</div>
        {/* What the other columns say, for a screen that has no room for them. */}
        <div className="mt-1 text-sm text-ink-2 md:hidden">
          {`${counted}; `}
          {lost ? <span className="font-medium text-bad">{`${lost[0]} lost with it`}</span> : 'nothing lost with it'}
        </div>
        <div className="mt-0.5 text-sm text-ink-2 xl:hidden">{neededFor}</div>
      </Td>
      <Td>
        <StateWordsBadge words={state} />
        {checkedAt && (
          <Small>
            checked <Time iso={checkedAt} />
          </Small>
        )}
      </Td>
      <Td numeric wide>
        {backups}
        {bytes && <Small>{bytes}</Small>}
        {underWay && <Small>{underWay}</Small>}
      </Td>
      <Td numeric wide>
        {lost ? (
          <>
            <span className="font-medium text-bad">{lost[0]}</span>
            <Small>{lost[1]}</Small>
          </>
        ) : (
          <span className="text-ink-3">None</span>
        )}
      </Td>
      <Td wide className="max-xl:hidden">
        {newest ? <Time iso={newest} /> : <span className="text-ink-3">–</span>}
        {oldest && (
          <Small>
            back to <Time iso={oldest} />
          </Small>
        )}
      </Td>
      <Td wide className="max-xl:hidden">
        {neededFor}
      </Td>
    </tr>
  )
}

const Small = ({ children }: { children: ReactNode }) => <span className="block text-sm text-ink-3">{children}</span>

import Link from 'next/link'
import type { ReactNode } from 'react'
import { Badge } from '#components/ui/badge.tsx'
import { Fact } from '#components/ui/facts.tsx'
import { count } from '#components/ui/format-bytes.ts'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Time } from '#components/ui/time.tsx'
import type { KeyAnswers, KeyRow } from '#lib/key-holdings/schema.ts'
import { keyHref } from './key-href.ts'

const origins: Readonly<Record<string, string>> = {
  AWS_KMS: 'Material made by KMS',
  EXTERNAL: 'Imported material',
  AWS_CLOUDHSM: 'In a CloudHSM key store',
  EXTERNAL_KEY_STORE: 'In an external key store',
}

/** What KMS says when it is asked, which the page does not wait for. */
export function KeyAnswersFacts({ answers, row }: { answers: KeyAnswers; row: KeyRow }) {
  const { about, rotation, lastUse, aliases } = answers
  return (
    <>
      {aliases.map((alias) => (
        <Fact key={alias.name} name="Alias">
          <code className="line-clamp-2" title={alias.name}>
            {alias.name}
          </code>
          <AliasNow alias={alias} row={row} />
        </Fact>
      ))}
      <Fact name="Rotation">
        {!rotation.ok ? (
          <NotKnown why={rotation.why} />
        ) : (
          <>
            {rotation.everyDays === null ? 'Off' : `Every ${count(rotation.everyDays, 'day')}`}
            <Second>
              {rotation.next ? (
                <>
                  next <Time iso={rotation.next} />
                </>
              ) : (
                'by KMS itself'
              )}
            </Second>
          </>
        )}
      </Fact>
      <Fact name="Last use">
        {!lastUse.ok ? (
          <NotKnown why={lastUse.why} />
        ) : (
          <>
            {lastUse.at ? (
              <>
                {lastUse.operation} <Time iso={lastUse.at} />
              </>
            ) : (
              'None'
            )}
            <Second>
              {lastUse.at || !lastUse.since ? (
                'by anybody, checks too'
              ) : (
                <>
                  since <Time iso={lastUse.since} />
                </>
              )}
            </Second>
          </>
        )}
      </Fact>
      <Fact name="Kind">
        {!about.ok ? (
          <NotKnown why={about.why} />
        ) : (
          <>
            {origins[about.origin] ?? about.origin}
            <Second>
              {about.multiRegion && 'multi-Region, '}
              {about.createdAt && (
                <>
                  made <Time iso={about.createdAt} />
                </>
              )}
            </Second>
          </>
        )}
      </Fact>
      <Fact name="Description">
        <span className="line-clamp-1" title={about.ok ? about.description : ''}>
          {(about.ok && about.description) || '–'}
        </span>
      </Fact>
    </>
  )
}

const Second = ({ children }: { children: ReactNode }) => <span className="block text-sm text-ink-3">{children}</span>

function AliasNow({ alias, row }: { alias: KeyAnswers['aliases'][number]; row: KeyRow }) {
  if (!alias.ok) return <span className="block text-sm text-ink-3">Where it points now is not known: {alias.why}</span>
  if (alias.pointsTo === row.arn) return <Second>points to this key</Second>
  const inForce = row.aliases.some(({ name, inForce }) => inForce && name === alias.name)
  return (
    <span className="mt-1 block text-sm">
      <Badge tone={inForce ? 'warn' : 'idle'}>Moved</Badge> It points to{' '}
      <Link href={keyHref(alias.pointsTo)} prefetch={false} className="link">
        {shortenArn(alias.pointsTo)}
      </Link>{' '}
      now.{' '}
      {inForce &&
        'New backups stay under this key until the Backup Environment is saved again; then they are wrapped under the other one.'}
    </span>
  )
}

const NotKnown = ({ why }: { why: string }) => <span className="text-ink-3">Not known: {why}</span>

/** As long as KMS has not answered: as high as what comes. */
export function KeyAnswersWaiting({ aliases }: { aliases: readonly string[] }) {
  const facts = [
    ...aliases.map((alias) => ({ name: 'Alias', first: <code className="line-clamp-2">{alias}</code>, lines: 2 })),
    ...['Rotation', 'Last use', 'Kind'].map((name) => ({ name, first: 'Asking KMS …', lines: 2 })),
    { name: 'Description', first: 'Asking KMS …', lines: 1 },
  ]
  return facts.map(({ name, first, lines }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: nothing tells them apart, and none moves
    <Fact key={index} name={name}>
      <span className="text-ink-3">{first}</span>
      {lines === 2 && <Second>&nbsp;</Second>}
    </Fact>
  ))
}

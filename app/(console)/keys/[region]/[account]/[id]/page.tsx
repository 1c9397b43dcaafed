import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { Suspense } from 'react'
import { loadKey, loadKeyAnswers, loadKeyHealth } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { checkKeyNow } from '#app/(console)/keys/actions.ts'
import { BlastRadius } from '#components/keys/blast-radius.tsx'
import { CheckNowButton } from '#components/keys/check-now-button.tsx'
import { KeyBackups } from '#components/keys/key-backups.tsx'
import { KeyCalls } from '#components/keys/key-calls.tsx'
import { KeyEvents } from '#components/keys/key-events.tsx'
import { KeyAnswersFacts, KeyAnswersWaiting } from '#components/keys/key-facts.tsx'
import { KeyHealthPicture } from '#components/keys/key-health-picture.tsx'
import { keyHref } from '#components/keys/key-href.ts'
import { keyIdOf, keyName } from '#components/keys/key-name.ts'
import { KeyStateNow } from '#components/keys/key-state-badge.tsx'
import { KeyTrouble } from '#components/keys/key-trouble.tsx'
import { Arn } from '#components/ui/arn.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Pager } from '#components/ui/pager.tsx'
import { Time } from '#components/ui/time.tsx'
import { can, type Role } from '#lib/auth/schema.ts'
import { arnOfPath, isNeeded, type KeyRow, keyQuerySchema } from '#lib/key-holdings/schema.ts'

export const metadata: Metadata = { title: 'Key' }

interface Props {
  params: Promise<{ region: string; account: string; id: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function KeyPage({ params, searchParams }: Props) {
  const user = await requireUser('backup.read')
  const query = keyQuerySchema.parse(await searchParams)
  const arn = arnOfPath(await params)
  if (!arn) notFound()
  const [view, { health, calls }] = await Promise.all([loadKey(arn, query), loadKeyHealth(arn)])
  if (!view) notFound()
  const { key } = view
  const name = keyName(key)
  return (
    <>
      <Link href="/keys" className="link mb-2 inline-block text-sm">
        All keys
      </Link>
      <PageHeader
        title={
          <span className={name === keyIdOf(key.arn) ? 'font-mono text-lg' : 'line-clamp-2'} title={name}>
            {name}
          </span>
        }
        lede={<Arn arn={key.arn} full />}
      />
      <Actions row={key} role={user.role} />
      <div className="grid grid-cols-1 items-start gap-4 min-[1360px]:grid-cols-[minmax(0,1fr)_380px]">
        <div className="min-w-0 space-y-4">
          {health.now?.diagnosis && (
            <Card title="What is wrong with it">
              <KeyTrouble health={health.now} />
            </Card>
          )}
          <Card title="What hangs on it">
            <BlastRadius view={view} />
          </Card>
          <Card title="Health">
            <KeyHealthPicture view={health} needed={isNeeded(key)} />
          </Card>
          {(view.backups.length > 0 || query.before) && (
            <Card title="Backups under it" hint="Newest first, and what else opens each.">
              <KeyBackups backups={view.backups} />
              <Pager path={keyHref(key.arn)} query={{}} paged={query.before !== undefined} next={view.nextBefore} />
            </Card>
          )}
          <Card title="Calls of KMS">
            <KeyCalls calls={calls} />
          </Card>
        </div>
        <div className="min-w-0 space-y-4">
          <Card title="Key">
            <KeyFacts row={key} />
          </Card>
          <Card title="Events">
            <KeyEvents events={health.events} />
          </Card>
          <Card title="From the command line" hint="On the machine that runs this console, in its folder.">
            <Command text={`npx byok key show ${key.arn}\nnpx byok key health ${key.arn} --now`} />
          </Card>
        </div>
      </div>
    </>
  )
}

function Actions({ row, role }: { row: KeyRow; role: Role }) {
  const from = encodeURIComponent(row.arn)
  return (
    <div className="mb-4 flex flex-wrap gap-2.5">
      {can(role, 'key.rewrap') && row.backups > 0 && (
        <>
          <Link
            href={`/keys/rewrap?from=${from}`}
            prefetch={false}
            className={buttonClass({ variant: row.health?.state === 'pending deletion' ? 'primary' : 'secondary' })}
          >
            Re-wrap…
          </Link>
          <Link href={`/keys/rewrap?mode=add&from=${from}`} prefetch={false} className={buttonClass()}>
            Add a second key…
          </Link>
        </>
      )}
      <Link href={`${keyHref(row.arn)}/retire`} prefetch={false} className={buttonClass()}>
        Is it safe to retire?
      </Link>
      {can(role, 'key.check') && isNeeded(row) && <CheckNowButton arn={row.arn} check={checkKeyNow} />}
    </div>
  )
}

function KeyFacts({ row }: { row: KeyRow }) {
  const { arn, health, aliases } = row
  const [, , , region, account] = arn.split(':')
  return (
    <Facts>
      <Fact name="State">
        <KeyStateNow row={row} />
        {health?.deletionDate && (
          <span className="mt-1 block text-sm">
            KMS deletes it <Time iso={health.deletionDate} />
          </span>
        )}
      </Fact>
      <Fact name="Last check">{health?.checkedAt ? <Time iso={health.checkedAt} /> : 'None yet'}</Fact>
      <Fact name="Account">{account}</Fact>
      <Fact name="Region">{region}</Fact>
      <Suspense fallback={<KeyAnswersWaiting aliases={aliases.slice(0, 5).map(({ name }) => name)} />}>
        <Answers row={row} />
      </Suspense>
    </Facts>
  )
}

async function Answers({ row }: { row: KeyRow }) {
  const names = row.aliases.map(({ name }) => name)
  return <KeyAnswersFacts answers={await loadKeyAnswers(row.arn, names)} row={row} />
}

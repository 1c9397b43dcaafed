import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { loadRevision } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { RevisionDetail } from '#components/environment/revision-detail.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Time } from '#components/ui/time.tsx'
import { can } from '#lib/auth/schema.ts'
import { revisionNumberSchema } from '#lib/environment/schema.ts'

interface Props {
  params: Promise<{ number: string }>
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Revision ${(await params).number}` }
}

export default async function RevisionPage({ params }: Props) {
  const user = await requireUser('environment.read')
  const number = revisionNumberSchema.safeParse((await params).number).data
  const revision = number === undefined ? undefined : await loadRevision(number)
  if (!revision) notFound()
  return (
    <>
      <Link href="/settings/backup-environment/history" className="link mb-2 inline-block text-sm">
        Back to the history
      </Link>
      <PageHeader
        title={`Revision ${revision.number}`}
        lede={
          <>
            Saved <Time iso={revision.at} /> by {revision.by}
            {revision.restoredFrom !== null && <> with the values of revision {revision.restoredFrom}</>}.{' '}
            {revision.current ? 'It is the newest: the next backup uses it.' : `The newest is ${revision.newest}.`}
          </>
        }
      />
      {!revision.current && can(user.role, 'environment.change') && (
        <p className="mb-4">
          <Link
            href={`/settings/backup-environment?restore=${revision.number}`}
            prefetch={false}
            className={buttonClass()}
          >
            Restore these settings
          </Link>
        </p>
      )}
      <RevisionDetail revision={revision} />
    </>
  )
}

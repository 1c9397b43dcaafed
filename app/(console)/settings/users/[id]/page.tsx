import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { getConsole } from '#app/_lib/console.ts'
import { requireUser } from '#app/_lib/session.ts'
import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Time } from '#components/ui/time.tsx'
import { PasswordForm } from '#components/users/password-form.tsx'
import { RemoveButton } from '#components/users/remove-button.tsx'
import { RoleForm } from '#components/users/role-form.tsx'
import { roleWords } from '#components/users/role-words.ts'
import { SignOutButton } from '#components/users/sign-out-button.tsx'
import { viewUser } from '#lib/auth/list-users.ts'
import type { UserDetail } from '#lib/auth/schema.ts'
import { changePersonsRole, removePerson, setPassword, signOutPerson } from '../actions.ts'

export const metadata: Metadata = { title: 'User' }

export default async function UserPage({ params }: { params: Promise<{ id: string }> }) {
  const user = await requireUser('user.manage')
  const person = await viewUser((await getConsole()).db, (await params).id)
  if (!person) notFound()
  return (
    <>
      <Link href="/settings/users" className="link mb-2 inline-block text-sm">
        All users
      </Link>
      <PageHeader
        title={<span className="line-clamp-2">{person.name}</span>}
        lede={<span className="wrap-anywhere">{person.email}</span>}
      />
      <div className="grid grid-cols-1 items-start gap-4 min-[1100px]:grid-cols-[minmax(0,1fr)_380px]">
        <div className="min-w-0 space-y-4">{person.id === user.id ? <You /> : <Management person={person} />}</div>
        <FactsCard person={person} />
      </div>
    </>
  )
}

function You() {
  return (
    <Card title="This is you">
      <p className="text-ink-2">
        Your password and your sessions are in{' '}
        <Link href="/account" className="link">
          Your account
        </Link>
        . Your role is changed, and you are removed, by another administrator only.
      </p>
    </Card>
  )
}

function Management({ person }: { person: UserDetail }) {
  return (
    <>
      <RoleForm person={person} change={changePersonsRole} />
      <PasswordForm person={person} set={setPassword} />
      <Card
        title="Sessions"
        hint={`${count(person.sessions, 'open session')}. Signing out leaves the password and API tokens as they are.`}
      >
        <SignOutButton id={person.id} signOut={signOutPerson} />
      </Card>
      <Card
        title="Remove"
        hint={
          person.lastAdministrator
            ? 'The last administrator is not removed: make somebody else an administrator first.'
            : 'For somebody who left. Backups, schedules and the audit log keep the address.'
        }
      >
        {!person.lastAdministrator && <RemoveButton person={person} remove={removePerson} />}
      </Card>
    </>
  )
}

function FactsCard({ person }: { person: UserDetail }) {
  return (
    <Card title="Facts">
      <Facts>
        <Fact name="Role">{roleWords[person.role].label}</Fact>
        <Fact name="Added">
          <Time iso={person.createdAt} />
        </Fact>
        <Fact name="Last seen">{person.lastSeenAt ? <Time iso={person.lastSeenAt} /> : 'Never'}</Fact>
        <Fact name="Open sessions">{formatNumber(person.sessions)}</Fact>
        <Fact name="API tokens">
          {formatNumber(person.tokens)}
          {person.tokens > 0 && (
            <>
              {' '}
              <Link href="/settings/api-tokens" className="link">
                See them
              </Link>
            </>
          )}
        </Fact>
        <Fact name="What they did">
          <Link href={`/audit?actor=${encodeURIComponent(person.email)}`} prefetch={false} className="link">
            In the audit log
          </Link>
        </Fact>
      </Facts>
    </Card>
  )
}

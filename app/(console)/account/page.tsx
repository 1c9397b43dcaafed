import type { Metadata } from 'next'
import { getConsole } from '#app/_lib/console.ts'
import { requireSession } from '#app/_lib/session.ts'
import { OwnPasswordForm } from '#components/account/own-password-form.tsx'
import { SessionList } from '#components/account/session-list.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { roleWords } from '#components/users/role-words.ts'
import { listOwnSessions } from '#lib/auth/own-sessions.ts'
import { changePassword, endSessions } from './actions.ts'

export const metadata: Metadata = { title: 'Your account' }

export default async function AccountPage() {
  const session = await requireSession('account.change')
  const { user } = session
  const sessions = await listOwnSessions((await getConsole()).db, session)
  const { label, about } = roleWords[user.role]
  return (
    <>
      <PageHeader
        title="Your account"
        lede={
          <span className="wrap-anywhere">
            {user.name}, {user.email}. {label}: {about.slice(0, 1).toLowerCase() + about.slice(1)}
          </span>
        }
      />
      <div className="max-w-3xl space-y-4">
        <OwnPasswordForm change={changePassword} />
        <SessionList sessions={sessions} end={endSessions} />
      </div>
    </>
  )
}

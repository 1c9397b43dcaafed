import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { setupOpen } from '#app/_lib/load.ts'
import { currentUser } from '#app/_lib/session.ts'
import { SignInForm } from '#components/auth/sign-in-form.tsx'
import { nextPath } from './next-path.ts'

export const metadata: Metadata = { title: 'Sign in' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function SignInPage({ searchParams }: Props) {
  const next = nextPath((await searchParams).next)
  if (await currentUser()) redirect(next)
  const nobody = (await setupOpen(undefined)) !== 'done'
  return (
    <>
      <h1 className="mb-4 text-xl font-semibold tracking-[-0.01em]">Sign in</h1>
      <SignInForm next={next} />
      <p className="mt-5 text-sm text-ink-3">
        {nobody ? (
          'Nobody has an account yet. The first administrator is made with the setup link that the console printed when it started.'
        ) : (
          <>
            No account yet, or the password forgotten? An administrator helps, in Settings &gt; Users. So do, on the
            console’s host and also for the only administrator, <code>npx byok user add</code> and{' '}
            <code>npx byok user password</code>.
          </>
        )}
      </p>
    </>
  )
}

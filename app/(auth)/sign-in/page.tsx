import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
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
  return (
    <>
      <h1 className="mb-4 text-xl font-semibold tracking-[-0.01em]">Sign in</h1>
      <SignInForm next={next} />
      <p className="mt-5 text-sm text-ink-3">
        No account yet? Whoever runs this console can make one with <code>npx byok user add</code>.
      </p>
    </>
  )
}

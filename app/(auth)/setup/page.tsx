import type { Metadata } from 'next'
import { setupOpen } from '#app/_lib/load.ts'
import { SetupForm } from '#components/auth/setup-form.tsx'
import { completeSetup } from '../actions.ts'

export const metadata: Metadata = { title: 'Set up' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function SetupPage({ searchParams }: Props) {
  const { token } = await searchParams
  const given = typeof token === 'string' ? token : undefined
  const state = await setupOpen(given)
  if (state === 'open' && given !== undefined) {
    return (
      <>
        <h1 className="text-xl font-semibold tracking-[-0.01em]">Make the first administrator</h1>
        <p className="mt-1 mb-5 text-ink-2">This link works once. Whoever is made here can change every setting.</p>
        <SetupForm token={given} complete={completeSetup} />
      </>
    )
  }
  if (state === 'done') {
    return (
      <Message title="This console is already set up">
        <p>Its first administrator exists, so the setup link no longer opens anything.</p>
        <p>
          Who forgot their password gets in again with <code>npx byok user password EMAIL</code>, run on the machine
          that runs this console; <code>npx byok user add EMAIL --role administrator</code> adds somebody.
        </p>
      </Message>
    )
  }
  return (
    <Message title="This setup link does not work">
      <p>
        It is incomplete, more than a day old, or not the last one: every start of the console prints a new link, which
        ends the one before.
      </p>
      <p>
        Open the link that the console printed last. If it is out of sight or that was more than a day ago, stop the
        console with Ctrl-C and run <code>npm start</code> again.
      </p>
    </Message>
  )
}

function Message({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <>
      <h1 className="text-xl font-semibold tracking-[-0.01em]">{title}</h1>
      <div className="mt-2 space-y-2 text-ink-2 wrap-anywhere">{children}</div>
    </>
  )
}

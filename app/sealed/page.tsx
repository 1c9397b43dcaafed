import type { Metadata } from 'next'
import { connection } from 'next/server'
import { sealedState } from '#app/_lib/console.ts'
import { SealedMessage } from '#components/shell/sealed-message.tsx'

export const metadata: Metadata = { title: 'Sealed' }

/** What every page is while the console is sealed (proxy.ts). Nobody can sign in, so it tells nobody why. */
export default async function SealedPage() {
  await connection()
  const state = sealedState()
  return (
    <main className="px-6">
      <SealedMessage since={state?.since.toISOString()} nextTryAt={state?.nextTryAt.toISOString()} />
    </main>
  )
}

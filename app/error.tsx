'use client'
import { ErrorMessage } from '#components/shell/error-message.tsx'

export default function RootError(props: { error: unknown; retry: () => void }) {
  return (
    <main className="px-6">
      <ErrorMessage {...props} />
    </main>
  )
}

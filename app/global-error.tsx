'use client'
import './globals.css'
import { ErrorMessage } from '#components/shell/error-message.tsx'

/** Stands in for the root layout too, so it brings its own document. */
export default function GlobalError(props: { error: unknown; retry: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Error · Vault Console</title>
        <main className="px-6">
          <ErrorMessage {...props} />
        </main>
      </body>
    </html>
  )
}

import { buttonClass } from '#components/ui/button-class.ts'
import { MessagePage } from '#components/ui/message-page.tsx'
import { useRecovery } from './use-recovery.ts'

/** What was thrown stays on the server; the reference finds it in the console's log. */
export function ErrorMessage({ error, retry }: { error: unknown; retry: () => void }) {
  const missing = useRecovery(retry)
  const digest = error instanceof Error && 'digest' in error ? String(error.digest) : undefined
  return (
    <MessagePage
      title="This page could not be made"
      action={
        <button type="button" onClick={retry} className={buttonClass({ variant: 'primary' })}>
          Try again
        </button>
      }
    >
      <p>
        Something went wrong in the console. Your backups are not affected by it. If it happens again, look at the
        console’s log; <code>/api/health</code> names the part that is not well.
      </p>
      <p role="status" className="text-warn empty:sr-only">
        {missing && `${missing} This page is there by itself when that has passed.`}
      </p>
      {digest && (
        <p>
          Reference: <code>{digest}</code>
        </p>
      )}
    </MessagePage>
  )
}

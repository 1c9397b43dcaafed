'use client'
import { ErrorMessage } from '#components/shell/error-message.tsx'

export default function ConsoleError(props: { error: unknown; retry: () => void }) {
  return <ErrorMessage {...props} />
}

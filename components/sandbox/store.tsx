'use client'
import { lazy, Suspense, startTransition, useActionState, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import type { SandboxView } from '#lib/sandbox/schema.ts'
import type { SandboxAction, SandboxResult } from './action-form.tsx'

// Few people ever see it, so its script comes with the question.
const AlertDialog = lazy(() => import('#components/ui/alert-dialog.tsx'))

interface Props extends Pick<SandboxView, 'buckets' | 'bytes' | 'capacity'> {
  /** Complete backups of this console, which are all in these buckets. */
  backups: number
  empty: SandboxAction
}

/** The buckets with what they hold, and the button that throws it away. */
export function Store({ buckets, bytes, capacity, backups, empty }: Props) {
  const [asking, setAsking] = useState(false)
  const [result, submit, pending] = useActionState<SandboxResult | undefined, FormData>(empty, undefined)
  const objects = buckets.reduce((sum, bucket) => sum + bucket.objects, 0)
  return (
    <Card title="Buckets" hint={`${formatBytes(bytes)} of ${formatBytes(capacity)} used.`}>
      <div className="relative -mx-4 -mt-2 overflow-x-auto border-b border-line max-md:-mx-3">
        <Table aria-label="Buckets">
          <thead>
            <tr>
              <Th>Bucket</Th>
              <Th numeric>Objects</Th>
              <Th numeric>Size</Th>
            </tr>
          </thead>
          <tbody>
            {buckets.map((bucket) => (
              <tr key={bucket.name}>
                <Td heads className="wrap-anywhere">
                  {bucket.name}
                  <div className="text-sm text-ink-3">{bucket.region}</div>
                </Td>
                <Td numeric>{bucket.objects.toLocaleString('en-US')}</Td>
                <Td numeric className="whitespace-nowrap">
                  {formatBytes(bucket.bytes)}
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      </div>
      <div className="mt-4 flex flex-wrap items-center gap-3">
        <Button variant="danger" onClick={() => setAsking(true)} busy={pending ? 'Emptying…' : undefined}>
          Empty all buckets
        </Button>
        <p role="status" className="text-sm font-medium text-ok">
          {result?.status === 'success' && !pending && objects === 0 ? 'The buckets are empty' : ''}
        </p>
      </div>
      <div className="mt-3 empty:hidden">
        <Alert>{result?.status === 'error' && !pending && result.message}</Alert>
      </div>
      {asking && (
        <Suspense>
          <AlertDialog
            open
            title="Empty all buckets?"
            confirm="Delete every object"
            cancel="Keep them"
            onConfirm={() => {
              setAsking(false)
              startTransition(() => submit(new FormData()))
            }}
            onCancel={() => setAsking(false)}
          >
            <p>
              {count(objects, 'object')} ({formatBytes(bytes)}) in {count(buckets.length, 'bucket')} will be deleted,
              locked ones and older versions among them. Nothing brings them back.
            </p>
            {backups > 0 && (
              <p>
                {backups === 1 ? 'The one backup' : `All ${count(backups, 'backup')}`} that this console lists will stay
                in its list, and can no longer be restored.
              </p>
            )}
            <p>Keys, buckets and their settings stay.</p>
          </AlertDialog>
        </Suspense>
      )}
    </Card>
  )
}

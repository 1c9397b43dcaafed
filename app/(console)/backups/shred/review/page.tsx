import type { Metadata } from 'next'
import Link from 'next/link'
import { loadShredPreview } from '#app/_lib/load-shred.ts'
import { requireUser } from '#app/_lib/session.ts'
import { ShredForm } from '#components/shred/shred-form.tsx'
import { ShredPreview } from '#components/shred/shred-preview.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { Card } from '#components/ui/card.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { AppError, messageOf } from '#lib/errors.ts'
import { type ShredPreview as Preview, shredSelectionSchema, waitHours } from '#lib/shred/schema.ts'
import { startShred } from '../actions.ts'

export const metadata: Metadata = { title: 'What would be lost' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function ShredReviewPage({ searchParams }: Props) {
  await requireUser('backup.shred')
  // An empty field of the form is none.
  const given = Object.entries(await searchParams).filter(([, value]) => value !== '')
  const selection = shredSelectionSchema.safeParse(Object.fromEntries(given))
  const preview = selection.success
    ? await orMessage(loadShredPreview(selection.data))
    : (selection.error.issues[0]?.message ?? 'Choose at least one backup.')
  return (
    <>
      <Link href="/backups/shred" className="link mb-2 inline-block text-sm">
        Choose others
      </Link>
      <PageHeader title="What would be lost" lede="Nothing has been asked for yet." />
      {!selection.success || typeof preview === 'string' || preview.count + preview.leftOutCount === 0 ? (
        <EmptyState
          title="Nothing chosen"
          action={
            <Link href="/backups/shred" className={buttonClass({ variant: 'primary' })}>
              Choose backups
            </Link>
          }
        >
          {typeof preview === 'string' ? preview : 'No complete backup fits this choice.'}
        </EmptyState>
      ) : (
        <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1fr)_380px]">
          <ShredPreview preview={preview} />
          {preview.count > 0 && (
            <Card title="Ask for it" hint="There is no way back after the waiting time.">
              <ShredForm
                selection={selection.data}
                digest={preview.digest}
                name={preview.name}
                waitHours={waitHours}
                start={startShred}
              />
            </Card>
          )}
        </div>
      )}
    </>
  )
}

async function orMessage(preview: Promise<Preview>): Promise<Preview | string> {
  try {
    return await preview
  } catch (error) {
    if (error instanceof AppError) return messageOf(error)
    throw error
  }
}

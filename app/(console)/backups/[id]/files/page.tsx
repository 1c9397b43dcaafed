import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { loadFiles } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { FileTable } from '#components/backups/file-table.tsx'
import { TakeChosen } from '#components/backups/take-chosen.tsx'
import { Alert } from '#components/ui/alert.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar } from '#components/ui/filter-bar.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Pager } from '#components/ui/pager.tsx'
import { PathText } from '#components/ui/path-text.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { can } from '#lib/auth/schema.ts'
import { type BrowseQuery, type BrowseView, browseQuerySchema } from '#lib/backup/browse-schema.ts'

export const metadata: Metadata = { title: 'Files of a backup' }

interface Props {
  params: Promise<{ id: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function FilesPage({ params, searchParams }: Props) {
  const user = await requireUser('backup.read')
  const { id } = await params
  const query = browseQuerySchema.parse(await searchParams)
  const files = await loadFiles(id, query)
  if (!files) notFound()
  const mayTake = can(user.role, 'restore.run')
  return (
    <>
      <Link href={`/backups/${id}`} className="link mb-2 inline-block text-sm">
        Back to the backup
      </Link>
      <PageHeader
        title="Files"
        lede={
          <span className="line-clamp-2 wrap-anywhere" title={files.name}>
            {files.name}
          </span>
        }
      />
      {'problem' in files ? (
        <Alert>{files.problem}</Alert>
      ) : (
        <>
          <FilterBar key={query.text} path={`/backups/${id}/files`} active={query.text !== undefined} submit="Search">
            <TextField
              label="Search"
              name="text"
              type="search"
              defaultValue={query.text}
              placeholder="Part of a path"
              className="w-72 max-sm:w-full"
            />
          </FilterBar>
          {query.text === undefined && <Crumbs id={id} folders={files.view.folders} />}
          <Files {...{ id, query, mayTake }} view={files.view} />
        </>
      )}
    </>
  )
}

function Crumbs({ id, folders }: { id: string; folders: BrowseView['folders'] }) {
  return (
    <nav aria-label="Folder" className="mb-3">
      <ol className="flex flex-wrap gap-x-1.5">
        {folders.map((folder, depth) => (
          <li key={folder.id ?? ''} className="flex min-w-0 gap-1.5">
            {depth > 0 && (
              <span aria-hidden className="text-ink-3">
                /
              </span>
            )}
            {depth === folders.length - 1 ? (
              <span aria-current="page" className="line-clamp-2 min-w-0 font-medium wrap-anywhere">
                <PathText path={folder.name} />
              </span>
            ) : (
              <Link
                href={`/backups/${id}/files${folder.id === null ? '' : `?in=${folder.id}`}`}
                prefetch={false}
                className="link line-clamp-2 min-w-0 wrap-anywhere"
              >
                <PathText path={folder.name} />
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )
}

function Files({ id, query, view, mayTake }: { id: string; query: BrowseQuery; view: BrowseView; mayTake: boolean }) {
  const found = query.text !== undefined
  const folder = view.folders.at(-1)?.id
  const pages = (
    <Pager
      path={`/backups/${id}/files`}
      query={{ in: query.in, text: query.text }}
      paged={query.after !== undefined}
      next={view.next}
      by="after"
    />
  )
  if (view.items.length === 0)
    return (
      <>
        <EmptyState
          title={found ? 'Nothing found here' : query.after === undefined ? 'This folder is empty' : 'No more files'}
        >
          {found
            ? view.next === null
              ? 'No path of this backup has that text in it.'
              : 'Nothing in the part that was searched so far. Go on with More.'
            : query.after === undefined
              ? 'It was empty when it was backed up.'
              : 'This is the end of its list.'}
        </EmptyState>
        {pages}
      </>
    )
  if (!mayTake)
    return (
      <>
        <FileTable backupId={id} items={view.items} {...{ found, mayTake }} />
        {pages}
      </>
    )
  return (
    <form method="post" action={`/api/backups/${id}/download`}>
      <input type="hidden" name="as" value="tar" />
      <div className="mb-3 flex flex-wrap items-center gap-2.5">
        <TakeChosen backupId={id} />
        {!found && (
          <a
            className={buttonClass()}
            download
            href={`/api/backups/${id}/download?as=tar${folder ? `&path=${folder}` : ''}`}
          >
            Download {folder ? 'this folder' : 'everything'} as .tar
          </a>
        )}
      </div>
      <FileTable backupId={id} items={view.items} {...{ found, mayTake }} />
      {pages}
    </form>
  )
}

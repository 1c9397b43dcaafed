import { FileText, Folder, Link2, TriangleAlert } from 'lucide-react'
import Link from 'next/link'
import { formatBytes } from '#components/ui/format-bytes.ts'
import { Path, PathText, plainPath } from '#components/ui/path-text.tsx'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BrowsedItem } from '#lib/backup/browse-schema.ts'

interface Props {
  backupId: string
  items: readonly BrowsedItem[]
  /** Found all over the backup: whole paths are shown. */
  found: boolean
  /** Whether somebody may take files out. */
  mayTake: boolean
}

const icons = { file: FileText, folder: Folder, symlink: Link2, hardlink: FileText, skipped: TriangleAlert }
const kinds = { file: 'File', folder: 'Folder', symlink: 'Link', hardlink: 'Hard link', skipped: 'Not backed up' }

export function FileTable({ backupId, items, found, mayTake }: Props) {
  return (
    <div className="card overflow-hidden">
      <Table aria-label="Files" className="table-fixed">
        <thead>
          <tr>
            {mayTake && (
              <Th className="w-10 pr-0">
                <span className="sr-only">Choose</span>
              </Th>
            )}
            <Th>Name</Th>
            <Th numeric className="w-28 max-md:w-24">
              Size
            </Th>
            <Th wide className="w-36">
              Changed
            </Th>
            <Th wide className="w-24">
              Mode
            </Th>
            {mayTake && (
              <Th wide className="w-32">
                <span className="sr-only">Download</span>
              </Th>
            )}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <FileRow key={`${item.type} ${item.id}`} {...{ backupId, item, found, mayTake }} />
          ))}
        </tbody>
      </Table>
    </div>
  )
}

function FileRow({ backupId, item, found, mayTake }: Omit<Props, 'items'> & { item: BrowsedItem }) {
  const Icon = icons[item.type]
  const shown = found ? item.path : item.name
  // The name by itself: of a long path only the beginning, which many share, would be seen.
  const folder = found && item.path.endsWith(`/${item.name}`) ? item.path.slice(0, -item.name.length) : ''
  const label = (
    <span className="line-clamp-3 wrap-anywhere" title={plainPath(item.name)}>
      <PathText path={item.name} />
    </span>
  )
  return (
    <tr>
      {mayTake && (
        <Td className="pr-0">
          {item.type !== 'skipped' && (
            <input
              type="checkbox"
              name="path"
              value={item.id}
              aria-label={`Choose ${shown.slice(0, 200)}`}
              className="mt-0.5 size-4 accent-accent"
            />
          )}
        </Td>
      )}
      <Td heads>
        <div className="flex gap-2.5">
          <Icon
            aria-hidden
            className={`mt-0.5 size-4 shrink-0 ${item.type === 'folder' ? 'text-accent' : 'text-ink-3'}`}
          />
          <div className="min-w-0">
            <span className="sr-only">{kinds[item.type]} </span>
            {item.type === 'folder' ? (
              <Link
                href={`/backups/${backupId}/files?in=${item.id}`}
                prefetch={false}
                className="font-medium hover:underline"
              >
                {label}
              </Link>
            ) : (
              label
            )}
            {folder && <Path path={folder} className="line-clamp-2 text-sm text-ink-3 wrap-anywhere" />}
            {item.target !== null && (
              <p className="text-sm text-ink-3 wrap-anywhere">
                {item.type === 'hardlink' ? 'The same file as ' : 'Leads to '}
                <code>
                  <PathText path={item.target} />
                </code>
              </p>
            )}
            {/* What the other columns say, for a screen that has no room for them. */}
            {item.mtime !== null && (
              <p className="text-sm text-ink-3 md:hidden">
                <Time iso={item.mtime} />
                {mayTake && hasContent(item) && (
                  <>
                    {' · '}
                    <DownloadLink {...{ backupId, item, shown }} />
                  </>
                )}
              </p>
            )}
            {item.warning !== null && (
              <p className="text-sm text-warn wrap-anywhere">
                {item.type === 'skipped' ? 'Not backed up: ' : ''}
                {item.warning}
              </p>
            )}
          </div>
        </div>
      </Td>
      <Td numeric>{item.size === null ? '–' : formatBytes(item.size)}</Td>
      <Td wide>{item.mtime === null ? '–' : <Time iso={item.mtime} />}</Td>
      <Td wide>
        <code className="text-ink-3">{item.mode ?? '–'}</code>
      </Td>
      {mayTake && (
        <Td wide numeric>
          {hasContent(item) && <DownloadLink {...{ backupId, item, shown }} />}
        </Td>
      )}
    </tr>
  )
}

function hasContent({ type }: BrowsedItem): boolean {
  return type === 'file' || type === 'hardlink'
}

function DownloadLink({ backupId, item, shown }: { backupId: string; item: BrowsedItem; shown: string }) {
  return (
    <a className="link text-sm" download href={`/api/backups/${backupId}/download?as=file&path=${item.id}`}>
      Download<span className="sr-only"> {shown.slice(0, 200)}</span>
    </a>
  )
}

import { z } from 'zod'
import { maybe, searchText } from '#lib/address-bar.ts'
import { noControlCharacters } from '#lib/plain-text.ts'

/** A path's bytes in an address: base64url; the top is `.`. */
const pathId = z
  .string()
  .max(24_000, 'A path is too long.')
  .regex(/^[A-Za-z0-9_-]+$/, 'A path is not in base64url, which has letters, digits, - and _ alone.')

/** The address bar of a backup's files. Anything unknown is ignored. */
export const browseQuerySchema = z.object({
  in: maybe(pathId),
  text: searchText(200),
  /** The last path of the page before. */
  after: maybe(pathId),
})
export type BrowseQuery = z.infer<typeof browseQuerySchema>

const tooMany = 'It takes at most 1,000 paths and 1,000 patterns: choose a folder.'

export const downloadQuerySchema = z
  .object({
    /** What to take; nothing: everything. */
    path: z.array(pathId).max(1000, tooMany),
    pattern: z
      .array(
        z
          .string()
          .min(1, 'A pattern is empty.')
          .max(8192, 'A pattern has at most 8,192 characters.')
          .regex(
            noControlCharacters,
            'A pattern has no control characters: write them as the list of files shows them.',
          ),
      )
      .max(1000, tooMany),
    as: z.enum(['file', 'tar'], 'It is downloaded as=file or as=tar.'),
  })
  // A variable that was empty must not fetch the whole backup under the name of one file.
  .refine(({ as, path, pattern }) => as === 'tar' || (path.length === 1 && pattern.length === 0), {
    message: 'With as=file goes one path.',
  })

/** One thing in a list of files. Sizes in bytes, times ISO 8601 in UTC. */
export interface BrowsedItem {
  readonly type: 'file' | 'folder' | 'symlink' | 'hardlink' | 'skipped'
  /** Its path's bytes, base64url. */
  readonly id: string
  /** For people: from the top, and its last part alone. */
  readonly path: string
  readonly name: string
  /** Null for all but files. */
  readonly size: number | null
  /** Null where no calendar reaches. */
  readonly mtime: string | null
  readonly mode: string | null
  /** Where a link leads. */
  readonly target: string | null
  readonly warning: string | null
}

export interface BrowseView {
  /** The folder and those above it, from the top. */
  readonly folders: readonly { readonly id: string | null; readonly name: string }[]
  readonly items: readonly BrowsedItem[]
  /** The ID to go on after; null at the end. */
  readonly next: string | null
}

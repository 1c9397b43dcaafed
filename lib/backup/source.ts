/** What is backed up. Paths are absolute and have no links in them. */
export type BackupSource = PlaceSource | StreamSource | FilesSource

/** What lies on a disk of this machine. */
export type PlaceSource =
  | {
      readonly kind: 'folder'
      readonly path: string
      /** As .gitignore writes them, from the folder on. Empty: everything. Otherwise what one matches, and the folders above it. */
      readonly include: readonly string[]
      /** Left out, with all that is below. Wins over `include`. */
      readonly exclude: readonly string[]
    }
  | { readonly kind: 'file'; readonly path: string }

/** Bytes that come once: such a backup cannot be resumed. */
export interface StreamSource {
  readonly kind: 'stream'
  /** Of the one file that the backup holds. */
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
  /** Bytes, where it is known. Fewer or more end the backup with AppError `invalid`. */
  readonly size?: number
}

/**
 * Several files, one after the other, each read to its end before the next is asked for. They come once, too, and in
 * the order of a tree: by path, part after part, each by its UTF-8 bytes. (That is the order of code points once every
 * `/` is replaced by U+0000.) Another order, or a path twice, ends the backup with AppError `invalid`.
 */
export interface FilesSource {
  readonly kind: 'files'
  readonly files: AsyncIterable<IncomingFile>
}

export interface IncomingFile {
  /** Relative, parts joined by `/`, none of them empty, `.` or `..`. The folders in it are made. */
  readonly path: string
  /** Bytes. Fewer or more end the backup with AppError `invalid`. */
  readonly size: number
  /** Now, unless told. */
  readonly mtime?: Date
  readonly bytes: AsyncIterable<Uint8Array>
}

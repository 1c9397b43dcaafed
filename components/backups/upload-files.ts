import { compareTreePaths } from '#lib/upload/schema.ts'

/** A file of this computer, and what it is called in the backup. */
export interface ChosenFile {
  readonly path: string
  readonly file: File
}

/** What was chosen in the browser's own dialog; of a folder, its files with their paths. */
export function pickedFiles(list: readonly File[]): ChosenFile[] {
  return inOrder(list.map((file) => ({ path: file.webkitRelativePath || file.name, file })))
}

/**
 * What was dropped: files, and folders with all that is in them.
 * @throws Error `UnreadableFile` with the path of what the browser does not give
 */
export async function droppedFiles(entries: readonly FileSystemEntry[]): Promise<ChosenFile[]> {
  const found: ChosenFile[] = []
  const walk = async (entry: FileSystemEntry, inside: string): Promise<void> => {
    const path = `${inside}${entry.name}`
    if (isFile(entry)) {
      found.push({ path, file: await read<File>(path, (resolve, reject) => entry.file(resolve, reject)) })
    } else if (isFolder(entry)) {
      const reader = entry.createReader()
      for (;;) {
        // Gives some at a time, and none at the end.
        const some = await read<FileSystemEntry[]>(path, (resolve, reject) => reader.readEntries(resolve, reject))
        if (some.length === 0) return
        for (const one of some) await walk(one, `${path}/`)
      }
    }
  }
  for (const entry of entries) await walk(entry, '')
  return inOrder(found)
}

function read<T>(path: string, ask: (resolve: (value: T) => void, reject: () => void) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    ask(resolve, () => reject(Object.assign(new Error(path), { name: 'UnreadableFile' }))),
  )
}

/** What the backup is called: the folder, the file, or how many there are. */
export function nameOf(files: readonly ChosenFile[]): string {
  const tops = new Set(files.map(({ path }) => path.split('/')[0] ?? path))
  const [top] = tops
  return tops.size === 1 && top ? top : `${files.length} files`
}

function inOrder(files: ChosenFile[]): ChosenFile[] {
  return files.sort((one, other) => compareTreePaths(one.path, other.path))
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

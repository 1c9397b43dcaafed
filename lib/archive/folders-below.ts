import { type OpenFolder, openFolder } from './open-folder.ts'

/** Folders below one that is held open: each is opened in the one above it, so that no link is ever followed. */
export class FoldersBelow {
  readonly #root: OpenFolder
  readonly #opened: ((folder: OpenFolder) => void) | undefined
  readonly #way: { readonly name: string; readonly folder: OpenFolder }[] = []

  /** @param opened is told of each folder that is opened */
  constructor(root: OpenFolder, opened?: (folder: OpenFolder) => void) {
    this.#root = root
    this.#opened = opened
  }

  /** Stays open, with those on the way to it, until another one is asked for. Throws what `openFolder` throws. */
  open(parts: readonly string[]): OpenFolder {
    let same = 0
    while (same < this.#way.length && this.#way[same]?.name === parts[same]) same += 1
    this.#closeFrom(same)
    for (const name of parts.slice(same)) {
      const folder = openFolder(this.#last().inside(name))
      this.#way.push({ name, folder })
      this.#opened?.(folder)
    }
    return this.#last()
  }

  close(): void {
    this.#closeFrom(0)
  }

  #last(): OpenFolder {
    return this.#way.at(-1)?.folder ?? this.#root
  }

  #closeFrom(depth: number): void {
    for (const { folder } of this.#way.splice(depth)) folder.close()
  }
}

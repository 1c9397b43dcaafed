/**
 * Rows by their IDs, one to whoever asks next, each once. A page of them is loaded when it is needed, whoever needs it.
 * @param load the rows after an ID, in the order of IDs; after `''` the first
 * @returns gives the next row; undefined at the end
 */
export function rowsInTurn<T extends { readonly id: string }>(
  load: (after: string) => Promise<readonly T[]>,
): () => Promise<T | undefined> {
  let rows: readonly T[] = []
  let at = 0
  let after = ''
  let over = false
  let loading: Promise<void> | undefined
  const more = async () => {
    rows = await load(after)
    at = 0
    after = rows.at(-1)?.id ?? after
    over = rows.length === 0
  }
  return async () => {
    for (;;) {
      if (loading) await loading
      else if (at < rows.length) {
        at += 1
        return rows[at - 1]
      } else if (over) return undefined
      else
        loading = more().finally(() => {
          loading = undefined
        })
    }
  }
}

/**
 * Does the work for every item, at most `atOnce` of them at the same time, begun in their order. After the first error
 * nothing more is begun; what is under way by then is not waited for.
 * @throws what the work throws first
 */
export async function eachOf<T>(items: Iterable<T>, atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  // One for all: each item goes to whoever asks first. An error in one loop ends it for the others, too.
  const left = (function* () {
    yield* items
  })()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) await work(item)
    }),
  )
}

import type { BytePath } from './byte-path.ts'

// Entries come with each folder before what it holds and names in byte order. Comparing paths as text does not give
// that order ("a-b" sorts before "a/x" and comes after it), unless `/` counts as less than any byte of a name.

/** Compare keys with `<` to compare paths in the order of the list of entries. The root's is empty. */
export function orderKey(path: BytePath): string {
  return path === '.' ? '' : path.replaceAll('/', '\0')
}

/** Less than or equal to the key of everything in a folder, and greater than the folder's own. */
export function keyInside(folder: BytePath): string {
  // No name is empty, and none holds NUL.
  return folder === '.' ? '\x01' : `${orderKey(folder)}\0`
}

/** Greater than the key of a path and of everything below it; at most the key of whatever comes next. */
export function keyAfter(path: BytePath): string {
  return `${orderKey(path)}\x01`
}

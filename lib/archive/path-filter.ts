import { type BytePath, exactText } from './byte-path.ts'
import { PathPatterns } from './path-patterns.ts'

/** `take`: it and all that is below; `look`: something below may be wanted; `pass`: neither. */
export type PathVerdict = 'take' | 'look' | 'pass'
export type PathFilter = (path: BytePath, isFolder: boolean) => PathVerdict

/** What is left out, and by which pattern of `exclude`; undefined: because none of `include` matches it. */
export type OnPass = (path: BytePath, isFolder: boolean, pattern: string | undefined) => void

/**
 * Chooses by patterns as .gitignore writes them: what one of `include` matches (everything, when there is none), without
 * what one of `exclude` matches. Undefined when everything is taken.
 */
export function pathFilter(
  include: readonly string[],
  exclude: readonly string[],
  onPass?: OnPass,
): PathFilter | undefined {
  const wanted = matcher(include)
  const unwanted = matcher(exclude)
  if (!wanted && !unwanted) return undefined
  return (path, isFolder) => {
    const asked = exactText(path) ?? path
    const pattern = unwanted?.match(asked, isFolder)
    if (pattern === undefined) {
      if (!wanted || wanted.match(asked, isFolder) !== undefined) return 'take'
      if (isFolder) return 'look'
    }
    onPass?.(path, isFolder, pattern)
    return 'pass'
  }
}

function matcher(patterns: readonly string[]): PathPatterns | undefined {
  const meant = patterns.filter((pattern) => pattern.trim() !== '' && !pattern.startsWith('#'))
  return meant.length > 0 ? new PathPatterns(meant) : undefined
}

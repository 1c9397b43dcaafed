import ignore from 'ignore'
import { type BytePath, exactText } from './byte-path.ts'

/** `take`: it and all that is below; `look`: something below may be wanted; `pass`: neither. */
export type PathVerdict = 'take' | 'look' | 'pass'
export type PathFilter = (path: BytePath, isFolder: boolean) => PathVerdict

// The library remembers every path that it was ever asked about: that would be a second list of a million files.
const FORGET_AFTER = 4096

/**
 * Chooses by patterns as .gitignore writes them: what one of `include` matches (everything, when there is none), without
 * what one of `exclude` matches. Undefined when everything is taken.
 */
export function pathFilter(include: readonly string[], exclude: readonly string[]): PathFilter | undefined {
  const wanted = matcher(include)
  const unwanted = matcher(exclude)
  if (!wanted && !unwanted) return undefined
  return (path, isFolder) => {
    const asked = (exactText(path) ?? path) + (isFolder ? '/' : '')
    if (unwanted?.(asked)) return 'pass'
    if (!wanted || wanted(asked)) return 'take'
    return isFolder ? 'look' : 'pass'
  }
}

function matcher(patterns: readonly string[]): ((path: string) => boolean) | undefined {
  const meant = patterns.filter((pattern) => pattern.trim() !== '' && !pattern.startsWith('#'))
  if (meant.length === 0) return undefined
  // A file's name may begin with dots and differ from another's only by case.
  const create = () => ignore({ ignorecase: false, allowRelativePaths: true }).add(meant)
  let rules = create()
  let asked = 0
  return (path) => {
    asked += 1
    if (asked % FORGET_AFTER === 0) rules = create()
    return rules.ignores(path)
  }
}

import path from 'node:path'

/**
 * Whether `inner` is the folder `outer` itself or below it, by the text of both: whoever decides by it what may be read or
 * written resolves links first.
 */
export function isWithin(outer: string, inner: string): boolean {
  const relative = path.relative(outer, inner)
  return relative === '' || !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative))
}

/** Where to go after signing in: a path of this console, never another place. */
export function nextPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !wanted.startsWith('/')) return '/'
  // The browser's own parser decides what `//host`, `/\host` or a tab in between really mean.
  const here = 'http://console.invalid'
  const url = URL.canParse(wanted, here) ? new URL(wanted, here) : undefined
  // `/..//host` is a path here, and another host once written out.
  return url?.origin === here && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/'
}

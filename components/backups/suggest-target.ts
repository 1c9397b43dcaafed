/** `<root>/nightly-accounts-2026-11-12-083059`: readable, safe as a folder's name, and new every second. */
export function suggestTarget(root: string, name: string, now: Date): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '')
  const time = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')
  return `${root.replace(/\/+$/, '')}/${slug || 'backup'}-${time}`
}

import type { RewrapSource } from '#lib/rewrap/schema.ts'

/** Thousands of keys to choose from make a page of megabytes that nobody reads. */
const most = 200

/** Those with the most backups, and how many there are besides. */
export function listedSources(sources: readonly RewrapSource[]): { sources: RewrapSource[]; further: number } {
  // The console's own root keys have no page to begin on.
  const listed = sources.filter(({ name }, index) => index < most || name === 'AES-256')
  return { sources: listed, further: sources.length - listed.length }
}

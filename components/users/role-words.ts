import type { Role } from '#lib/auth/schema.ts'

export const roleWords: Readonly<Record<Role, { label: string; about: string }>> = {
  administrator: { label: 'Administrator', about: 'Does everything: settings, keys, people, deleting.' },
  operator: { label: 'Operator', about: 'Makes backups, restores them and proves keys.' },
  viewer: { label: 'Viewer', about: 'Sees backups and keys, and changes nothing.' },
}

/** As choices of a form. */
export const roleOptions = Object.entries(roleWords).map(([value, words]) => ({ value, ...words }))

/** Of what a form sends. */
export const roleOf = (text: unknown): Role | undefined => {
  return text === 'administrator' || text === 'operator' || text === 'viewer' ? text : undefined
}

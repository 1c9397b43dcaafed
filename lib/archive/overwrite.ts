/** What becomes of a file that is there already: kept, replaced when the backup's is newer, replaced. */
export const overwrites = ['never', 'older', 'always'] as const
export type Overwrite = (typeof overwrites)[number]

/**
 * `kept`: what was there already stays. `blocked`: something else is in its way, or this disk takes no symbolic links,
 * which a warning says. `unlinked`: this disk takes no such hard link; it is to be added as a file.
 */
export type Outcome = 'written' | 'kept' | 'blocked' | 'unlinked'

/** One word of a POSIX shell's command line, whatever is in it. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** A command whose options stand on lines of their own. */
export function command(...parts: readonly string[]): string {
  return parts.join(' \\\n  ')
}

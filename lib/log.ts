/**
 * Writes one line of JSON to standard error: the log of this process, which the supervisor keeps in a file.
 * @param part what of the console says it, such as `clean-up`
 * @param message a sentence for an administrator, with nothing secret in it
 * @param fields further fields, such as the ID of the backup that it is about
 */
export function log(
  level: 'info' | 'warning' | 'error',
  part: string,
  message: string,
  fields: Readonly<Record<string, string>> = {},
): void {
  console.error(JSON.stringify({ level, part, ...fields, message }))
}

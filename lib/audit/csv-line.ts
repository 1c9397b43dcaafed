/**
 * RFC 4180. Programs for tables take what begins with one of these characters for a formula, and run it: a ' before it
 * makes it text (ASVS 5.0.0, 1.2.10). Whoever signs in names things as they like.
 */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(/^[=+\-@\t\r\0]/.test(cell) ? `'${cell}` : cell)).join(',')}\r\n`
}

const quoted = (cell: string) => (/[",\r\n']/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

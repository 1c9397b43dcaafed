/** `1 file`, `3009 files`. */
export function count(amount: number, one: string): string {
  return `${amount} ${one}${amount === 1 ? '' : 's'}`
}

export function numberText(value: number, digits = 0): string {
  let format = formats.get(digits)
  if (!format) {
    format = new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    formats.set(digits, format)
  }
  return format.format(value)
}

// One for every number of digits: making one takes longer than all the rest of a row of a table.
const formats = new Map<number, Intl.NumberFormat>()

/** `1 file`, `2,048 files`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${numberText(amount)} ${amount === 1 ? one : many}`
}

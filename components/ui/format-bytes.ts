const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `21.4 GiB`: IEC units, three digits at most before the unit changes. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 1,023.95 KiB would be written as 1,024.0 KiB, so it already counts as the next unit.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${formatNumber(value, digits)} ${units[unit]}`
}

export function formatNumber(value: number, digits = 0): string {
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
  return `${formatNumber(amount)} ${amount === 1 ? one : many}`
}

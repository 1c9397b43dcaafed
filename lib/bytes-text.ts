import { numberText } from './count-text.ts'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `21.4 GiB`: IEC units, three digits at most before the unit changes. The same on pages, the command line and in mails. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  // 1,023.95 KiB would be written as 1,024.0 KiB, so it already counts as the next unit.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${numberText(value, digits)} ${units[unit]}`
}

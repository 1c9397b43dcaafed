const minute = 60
const hour = 60 * minute
const day = 24 * hour
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `412 ms`, `1.8 s`, `2 min 5 s`, `3 h 10 min`: the two largest units, for people. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < minute) return `${seconds} s`
  if (seconds < hour) return pair(seconds, minute, 'min', 1, 's')
  if (seconds < day) return pair(seconds, hour, 'h', minute, 'min')
  return pair(seconds, day, 'd', hour, 'h')
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${largeUnit}${rest > 0 ? ` ${rest} ${smallUnit}` : ''}`
}

/**
 * `just now`, `5 minutes ago`, `yesterday`, `12 Nov`, `12 Nov 2025`, and what is soon `12 Nov 08:30 UTC`. A clock that is
 * a little ahead reads as now.
 */
export function relativeTime(iso: string, now: Date): string {
  const then = new Date(iso)
  const seconds = Math.floor((now.getTime() - then.getTime()) / 1000)
  if (seconds < 0 && seconds > -minute) return 'just now'
  if (seconds >= 0 && seconds < 45) return 'just now'
  if (seconds >= 0 && seconds < hour) return ago(Math.max(1, Math.floor(seconds / minute)), 'minute')
  if (seconds >= 0 && seconds < day) return ago(Math.floor(seconds / hour), 'hour')
  if (seconds >= 0 && seconds < 7 * day) {
    const days = Math.floor(seconds / day)
    return days === 1 ? 'yesterday' : ago(days, 'day')
  }
  const date = `${then.getUTCDate()} ${months[then.getUTCMonth()]}`
  if (seconds < 0 && seconds > -2 * day) return `${date} ${then.toISOString().slice(11, 16)} UTC`
  return then.getUTCFullYear() === now.getUTCFullYear() ? date : `${date} ${then.getUTCFullYear()}`
}

function ago(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'} ago`
}

/** `2026-11-12 08:30:05 UTC`. */
export function exactTime(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

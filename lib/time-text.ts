/** `2026-11-12 08:30 UTC`: to the minute, for sentences. */
export function minuteText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

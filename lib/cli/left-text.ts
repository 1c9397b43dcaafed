/** `, 40 s left`, or nothing as long as nobody can tell. */
export function leftText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return ''
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 120) return `, ${seconds} s left`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `, ${minutes} min left`
  const rest = minutes % 60
  return `, ${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ''} left`
}

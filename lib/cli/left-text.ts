/** `, 40 s left`, or nothing as long as nobody can tell. */
export function leftText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return ''
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 120) return `, ${seconds} s left`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `, ${minutes} min left` : `, ${Math.round(minutes / 60)} h left`
}

import { graver, type HealthHour, healthDays, type KeyState } from '#lib/key-health/schema.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** How many hours stand for one cell of the picture. */
export const cellHours = 2

/** Twelve cells for each day, the last one the day of `at`: the worst of two hours, null without a check. */
export function daysOf(
  hours: readonly HealthHour[],
  at: string,
): { readonly day: string; readonly states: readonly (KeyState | null)[] }[] {
  const known = new Map(hours.map(({ hour, worst }) => [Date.parse(hour), worst]))
  const today = Math.floor(Date.parse(at) / dayMs) * dayMs
  return Array.from({ length: healthDays }, (_, index) => {
    const day = today - (healthDays - 1 - index) * dayMs
    return {
      day: new Date(day).toISOString().slice(0, 10),
      states: Array.from({ length: 24 / cellHours }, (_, index) =>
        Array.from(
          { length: cellHours },
          (_, hour) => known.get(day + (index * cellHours + hour) * hourMs) ?? null,
        ).reduce((one, other) => (one && (!other || graver(one, other) > 0) ? one : other)),
      ),
    }
  })
}

/** Hours in a row in which a key was in one state of trouble, the newest first. */
export function stretchesOf(
  hours: readonly HealthHour[],
): { readonly state: KeyState; readonly from: string; readonly hours: number }[] {
  const stretches: { state: KeyState; from: string; until: number; hours: number }[] = []
  for (const { hour, worst } of hours) {
    const at = Date.parse(hour)
    const last = stretches.at(-1)
    if (last && last.state === worst && last.until === at) {
      last.until = at + hourMs
      last.hours += 1
    } else if (worst !== 'healthy') stretches.push({ state: worst, from: hour, until: at + hourMs, hours: 1 })
  }
  return stretches.reverse().map(({ state, from, hours }) => ({ state, from, hours }))
}

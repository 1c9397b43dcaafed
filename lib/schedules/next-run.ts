interface Times {
  readonly every: string
  /** 0 = Sunday. */
  readonly weekday: number | null
  /** Minutes after midnight, UTC. */
  readonly minute: number
}

const dayMs = 24 * 3600_000

/** The first time after `after`, in UTC, where every day has 24 hours: runs that were missed meanwhile are not made up for. */
export function nextRun({ every, weekday, minute }: Times, after: Date): Date {
  const midnight = Math.floor(after.getTime() / dayMs) * dayMs
  for (let day = 0; ; day += 1) {
    const time = new Date(midnight + day * dayMs + minute * 60_000)
    if (time > after && (every === 'daily' || time.getUTCDay() === weekday)) return time
  }
}

/** Of an unused session; each use begins it anew, a quarter of an hour apart. */
export const idleSeconds = 12 * 3600
/** A session ends then, however busy it is. ASVS 5.0.0, 7.3.2. */
const absoluteMs = 7 * 24 * 3600 * 1000

/** Which rows still let somebody in. */
export function openSessions(now = new Date()) {
  return { expiresAt: { gt: now }, createdAt: { gt: new Date(now.getTime() - absoluteMs) } }
}

/** When a session ends by itself, unless it is used until then. */
export function endOfSession({ createdAt, expiresAt }: { readonly createdAt: Date; readonly expiresAt: Date }): Date {
  return new Date(Math.min(expiresAt.getTime(), createdAt.getTime() + absoluteMs))
}

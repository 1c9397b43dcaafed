import type { ActionResult } from '#lib/action-result.ts'

/** The token’s text: shown once. */
export type CreateTokenResult = ActionResult<{ readonly token: string; readonly expiresAt: string }>
export type RevokeTokenResult = ActionResult

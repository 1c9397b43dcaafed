'use server'
import { change } from '#app/_lib/action.ts'
import type { CreateTokenResult, RevokeTokenResult } from '#components/tokens/results.ts'
import { createApiToken, revokeApiToken } from '#lib/auth/api-tokens.ts'
import { can, createTokenSchema, revokeTokenSchema } from '#lib/auth/schema.ts'

/** The token's text is in this one answer and nowhere else. */
export async function createToken(input: unknown): Promise<CreateTokenResult> {
  return change('/settings/api-tokens', 'token.manage', createTokenSchema, input, async ({ console, user, input }) => {
    const { token, expiresAt } = await createApiToken(console.backup, user, input, user.email)
    return { token, expiresAt }
  })
}

/** One's own; an administrator anybody's. */
export async function revokeToken(input: unknown): Promise<RevokeTokenResult> {
  return change('/settings/api-tokens', 'token.manage', revokeTokenSchema, input, async ({ console, user, input }) => {
    const whose = can(user.role, 'token.revoke-any') ? undefined : user.id
    await revokeApiToken(console.db, input.id, whose, user.email)
    return {}
  })
}

import type { Metadata } from 'next'
import { getConsole } from '#app/_lib/console.ts'
import { requireUser } from '#app/_lib/session.ts'
import { CreateTokenForm } from '#components/tokens/create-token-form.tsx'
import { TokenTable } from '#components/tokens/token-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { listApiTokens } from '#lib/auth/api-tokens.ts'
import { can, tokenScopeNames, tokenScopes } from '#lib/auth/schema.ts'
import { createToken, revokeToken } from './actions.ts'

export const metadata: Metadata = { title: 'API tokens' }

export default async function ApiTokensPage() {
  const user = await requireUser('token.manage')
  const { db, env } = await getConsole()
  const everybody = can(user.role, 'token.revoke-any')
  const tokens = await listApiTokens(db, everybody ? undefined : user.id)
  return (
    <>
      <PageHeader
        title="API tokens"
        lede="With a token a program sends and reads backups for you. It can do what it names here and what your role allows, whichever is less, until it expires or is revoked."
      />
      <div className="space-y-4">
        <CreateTokenForm
          scopes={tokenScopeNames.filter((scope) => can(user.role, tokenScopes[scope]))}
          publicUrl={env.publicUrl}
          create={createToken}
        />
        {tokens.length > 0 ? (
          <TokenTable tokens={tokens} everybody={everybody} revoke={revokeToken} />
        ) : (
          <EmptyState title="No API tokens yet">
            Create one above. It is shown once; this list then says when it was last used.
          </EmptyState>
        )}
      </div>
    </>
  )
}

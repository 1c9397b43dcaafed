import type { Metadata } from 'next'
import { getConsole } from '#app/_lib/console.ts'
import { requireUser } from '#app/_lib/session.ts'
import { CreateTokenForm } from '#components/tokens/create-token-form.tsx'
import { TokenTable } from '#components/tokens/token-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar, worthFiltering } from '#components/ui/filter-bar.tsx'
import { count, formatNumber } from '#components/ui/format-bytes.ts'
import { NumberedPager } from '#components/ui/numbered-pager.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { viewApiTokens } from '#lib/auth/api-tokens.ts'
import { can, tokenScopeNames, tokenScopes, tokensQuerySchema } from '#lib/auth/schema.ts'
import { createToken, revokeToken } from './actions.ts'

export const metadata: Metadata = { title: 'API tokens' }

const path = '/settings/api-tokens'

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function ApiTokensPage({ searchParams }: Props) {
  const user = await requireUser('token.manage')
  const { db, env } = await getConsole()
  const everybody = can(user.role, 'token.revoke-any')
  const { text, page } = tokensQuerySchema.parse(await searchParams)
  const view = await viewApiTokens(db, everybody ? undefined : user.id, { text, page })
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
        {(view.total >= worthFiltering || text !== undefined) && (
          <FilterBar key={text} path={path} active={text !== undefined} submit="Search">
            <TextField
              label="Search"
              name="text"
              type="search"
              defaultValue={text}
              placeholder={everybody ? 'Name, beginning or e-mail' : 'Name or beginning'}
              className="w-64 max-sm:w-full"
            />
          </FilterBar>
        )}
        {view.rows.length > 0 ? (
          <TokenTable tokens={view.rows} everybody={everybody} revoke={revokeToken} />
        ) : text !== undefined ? (
          <EmptyState title="No API token matches">Search for something else, or clear the search.</EmptyState>
        ) : (
          <EmptyState title="No API tokens yet">
            Create one above. It is shown once; this list then says when it was last used.
          </EmptyState>
        )}
        <NumberedPager path={path} query={{ text }} page={view.page} pages={view.pages} />
        {view.total >= worthFiltering && (
          <p className="text-sm text-ink-3">
            {text === undefined ? '' : `${formatNumber(view.found)} of `}
            {count(view.total, 'API token')}.
          </p>
        )}
      </div>
    </>
  )
}

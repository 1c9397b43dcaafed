import type { Metadata } from 'next'
import { loadAudit } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { actionWords } from '#components/audit/action-words.ts'
import { AuditTable } from '#components/audit/audit-table.tsx'
import { ChainState } from '#components/audit/chain-state.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterBar } from '#components/ui/filter-bar.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Pager } from '#components/ui/pager.tsx'
import { Select } from '#components/ui/select.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { auditActions, auditQuerySchema } from '#lib/audit/schema.ts'
import { checkAudit } from './actions.ts'

export const metadata: Metadata = { title: 'Audit' }

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function AuditPage({ searchParams }: Props) {
  await requireUser('audit.read')
  const query = auditQuerySchema.parse(await searchParams)
  const { view, state } = await loadAudit(query)
  const { action, outcome, actor } = query
  const filtered = Boolean(action || outcome || actor)
  return (
    <>
      <PageHeader
        title="Audit"
        lede="Who did what, when, and how it ended. Secrets are never part of it, only that they changed."
      />
      <ChainState state={state} query={{ action, outcome, actor }} check={checkAudit} />
      <FilterBar key={`${action} ${outcome} ${actor}`} path="/audit" active={filtered}>
        <TextField
          label="Who"
          name="actor"
          type="search"
          defaultValue={actor}
          placeholder="E-mail or IP address"
          className="w-56 max-sm:w-full"
        />
        <Select label="Action" name="action" defaultValue={action} className="w-48 max-sm:w-full">
          <option value="">All</option>
          {auditActions.map((name) => (
            <option key={name} value={name}>
              {actionWords[name]}
            </option>
          ))}
        </Select>
        <Select label="Outcome" name="outcome" defaultValue={outcome} className="w-36">
          <option value="">All</option>
          <option value="success">Success</option>
          <option value="refused">Refused</option>
          <option value="failed">Failed</option>
          <option value="cancelled">Cancelled</option>
        </Select>
      </FilterBar>
      {view.rows.length > 0 ? (
        <AuditTable rows={view.rows} />
      ) : (
        <EmptyState title={filtered ? 'Nothing matches' : 'Nothing here'}>
          {actor
            ? 'Who is found by a whole e-mail address or IP address, or as “console”, “command line” or “an API token”.'
            : filtered
              ? 'Choose other filters, or clear them.'
              : 'Every change, backup, restore and sign-in is recorded here as it happens.'}
        </EmptyState>
      )}
      <Pager
        path="/audit"
        query={{ action, outcome, actor }}
        paged={query.before !== undefined}
        next={view.nextBefore}
      />
    </>
  )
}

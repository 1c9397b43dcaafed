import Link from 'next/link'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { UserRow } from '#lib/auth/schema.ts'
import { roleWords } from './role-words.ts'

/** @param you the ID of whoever looks */
export function PersonTable({ rows, you }: { rows: readonly UserRow[]; you: string }) {
  return (
    <div className="card relative overflow-x-auto">
      <Table aria-label="Users">
        <thead>
          <tr>
            <Th className="md:w-2/5">Name</Th>
            <Th>Role</Th>
            <Th wide>Last seen</Th>
            <Th wide numeric>
              Sessions
            </Th>
            <Th wide numeric>
              API tokens
            </Th>
            <Th wide>Added</Th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, name, email, role, lastSeenAt, sessions, tokens, createdAt }) => (
            <tr key={id}>
              <Td heads className="min-w-0">
                <Link
                  href={`/settings/users/${id}`}
                  prefetch={false}
                  title={name}
                  className="line-clamp-2 w-fit font-medium wrap-anywhere hover:underline"
                >
                  {name}
                </Link>
                <span className="block text-sm wrap-anywhere text-ink-3">
                  {email}
                  {id === you && ' · you'}
                </span>
                {/* What the other columns say, for a screen that has no room for them. */}
                <span className="block text-xs text-ink-3 md:hidden">
                  {lastSeenAt ? (
                    <>
                      Last seen <Time iso={lastSeenAt} />
                    </>
                  ) : (
                    'Never seen'
                  )}
                </span>
              </Td>
              <Td>{roleWords[role].label}</Td>
              <Td wide>{lastSeenAt ? <Time iso={lastSeenAt} /> : <span className="text-ink-3">Never</span>}</Td>
              <Td wide numeric>
                {formatNumber(sessions)}
              </Td>
              <Td wide numeric>
                {formatNumber(tokens)}
              </Td>
              <Td wide>
                <Time iso={createdAt} />
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}

import { Badge } from '#components/ui/badge.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import type { RootKeyStatus } from '#lib/seal/schema.ts'

/** What hangs on each root key. An older one stays as long as something names it. */
export function SealRootKeys({ rootKeys }: { rootKeys: readonly RootKeyStatus[] }) {
  return (
    <section aria-labelledby="root-keys">
      <h2 id="root-keys" className="mb-2.5 text-lg font-semibold">
        Root keys
      </h2>
      <div className="card relative overflow-x-auto">
        <Table aria-label="Root keys">
          <thead>
            <tr>
              <Th>Root key</Th>
              <Th wide>Wrapped by</Th>
              <Th numeric>Values</Th>
              <Th numeric>Backups</Th>
              <Th wide>Made</Th>
            </tr>
          </thead>
          <tbody>
            {rootKeys.map(({ id, keyIds, values, backups, createdAt }, index) => (
              <tr key={id}>
                <Td heads>
                  <code title={id}>{id.slice('root-key/'.length, 'root-key/'.length + 8)}…</code>{' '}
                  {index === 0 && <Badge tone="ok">Seals what is new</Badge>}
                </Td>
                <Td wide>
                  {keyIds.map((keyId) => (
                    <code key={keyId} title={keyId} className="block">
                      {shortenArn(keyId)}
                    </code>
                  ))}
                </Td>
                <Td numeric>{formatNumber(values)}</Td>
                <Td numeric>{formatNumber(backups)}</Td>
                <Td wide>
                  <Time iso={createdAt} />
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      </div>
    </section>
  )
}

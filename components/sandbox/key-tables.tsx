import { Arn } from '#components/ui/arn.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { count } from '#components/ui/format-bytes.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import type { SandboxView } from '#lib/sandbox/schema.ts'

interface Props extends Pick<SandboxView, 'keys'> {
  /** The Region to show at first. */
  open: string | undefined
}

/** A table for each Region, folded but for one. */
export function KeyTables({ keys, open }: Props) {
  const regions = [...new Set(keys.map(({ region }) => region))]
  return regions.map((region) => {
    const here = keys.filter((key) => key.region === region)
    return (
      <details key={region} open={region === open} className="border-t border-line">
        <summary className="px-4 py-3 hover:bg-sunken max-md:px-3">
          <span className="font-medium">{region}</span>{' '}
          <span className="text-ink-3">
            {count(here.length, 'key')}, {here.filter(({ usable }) => usable).length} usable
          </span>
        </summary>
        <Table aria-label={`Keys in ${region}`} className="border-t border-line">
          <thead>
            <tr>
              <Th>Key</Th>
              <Th wide>What it is</Th>
              <Th>State</Th>
            </tr>
          </thead>
          <tbody>
            {here.map((key) => (
              <tr key={key.arn}>
                <Td heads>
                  {key.aliases.map((alias) => (
                    <div key={alias} className="font-medium wrap-anywhere">
                      {alias}
                    </div>
                  ))}
                  <Arn arn={key.arn} />
                  <div className="text-sm text-ink-3 md:hidden">{key.about}</div>
                </Td>
                <Td wide className="text-ink-2">
                  {key.about}
                </Td>
                <Td>
                  <Badge tone={key.usable ? 'ok' : 'bad'}>{key.usable ? 'Works' : 'Refused'}</Badge>
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      </details>
    )
  })
}

import { Arn } from '#components/ui/arn.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Table, Td, Th } from '#components/ui/table.tsx'
import type { SandboxView } from '#lib/sandbox/schema.ts'

export function KeyTable({ keys }: Pick<SandboxView, 'keys'>) {
  return (
    <Table aria-label="Keys">
      <thead>
        <tr>
          <Th>Key</Th>
          <Th wide>Region</Th>
          <Th wide>What it is</Th>
          <Th>State</Th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.arn}>
            <Td>
              {key.aliases.map((alias) => (
                <div key={alias} className="font-medium wrap-anywhere">
                  {alias}
                </div>
              ))}
              <Arn arn={key.arn} />
              <div className="text-sm text-ink-3 md:hidden">
                {key.region} · {key.about}
              </div>
            </Td>
            <Td wide>{key.region}</Td>
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
  )
}

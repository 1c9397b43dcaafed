import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import type { SealValue } from '#lib/seal/schema.ts'

/** Each parameter of the seal, where its value came from, and what that shadows. */
export function SealConfiguration({ values }: { values: readonly SealValue[] }) {
  if (values.length === 0) return null
  return (
    <Card title="Effective configuration" hint="From this host’s environment and the file that VAULT_CONFIG names.">
      <Facts>
        {values.map(({ name, value, source, shadows }) => (
          <Fact key={name} name={name}>
            <code>{value}</code>
            <span className="block text-sm text-ink-3">from {source}</span>
            {shadows.map((shadow) => (
              <span key={shadow} className="block text-sm text-ink-3">
                not used: {shadow}
              </span>
            ))}
          </Fact>
        ))}
      </Facts>
    </Card>
  )
}

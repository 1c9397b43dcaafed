import { Arn } from '#components/ui/arn.tsx'
import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import type { EffectiveConfiguration, EffectiveValue } from '#lib/environment/schema.ts'

/** What the saved settings come to on this host: each value, where it came from, and what it shadows. */
export function EffectiveConfigurationPanel({ configuration }: { configuration: EffectiveConfiguration }) {
  const { revision, values, caller, sharedWithSeal } = configuration
  return (
    <Card
      title="Effective configuration"
      hint={`What revision ${revision} comes to on this host: each value, where it came from, and what is set as well but not used.`}
    >
      <Facts>
        <Fact name="Caller">
          {'arn' in caller ? (
            <Arn arn={caller.arn} full />
          ) : (
            <>
              <strong className="font-medium">Not known.</strong> {caller.problem}
            </>
          )}
          <span className="block text-sm text-ink-3">
            {'arn' in caller
              ? 'Who AWS STS says this console is. Policies must name it.'
              : 'AWS STS was asked just now.'}
          </span>
        </Fact>
        {values.map((value) => (
          <Value key={value.name} {...value} />
        ))}
      </Facts>
      {sharedWithSeal && (
        <p className="mt-4 border-t border-line pt-4 text-sm text-ink-2">
          <strong className="font-medium text-ink">Shared with the seal.</strong> The credentials of this host’s default
          chain open this console’s own secrets as well: taking them away, or narrowing what they may do, stops both.
        </p>
      )}
    </Card>
  )
}

function Value({ name, value, source, shadows }: EffectiveValue) {
  const code = name !== 'Credentials'
  return (
    <Fact name={name}>
      {value === null ? <span className="text-ink-3">None</span> : code ? <code>{value}</code> : value}
      {(value !== null || name === 'Credentials') && <span className="block text-sm text-ink-3">from {source}</span>}
      {shadows.map((shadow) => (
        <span key={shadow.source} className="block text-sm text-ink-3">
          not used: {shadow.source}
          {shadow.value !== shadow.source && (
            <>
              {' '}
              = <code>{shadow.value}</code>
            </>
          )}
        </span>
      ))}
    </Fact>
  )
}

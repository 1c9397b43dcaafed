import { Card } from '#components/ui/card.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'

/** What key policies name: there from the start, the same after every save. */
export function EnvironmentIds({ environmentId, installation }: { environmentId: string; installation: string }) {
  return (
    <div className="mt-4">
      <Card
        title="What policies name"
        hint="Every request to your key carries both in its encryption context, so a key policy can ask for them. They never change."
      >
        <Facts>
          {(
            [
              ['Environment', 'environment', environmentId],
              ['Installation', 'installation', installation],
            ] as const
          ).map(([title, name, id]) => (
            <Fact key={name} name={title}>
              <code>{id}</code> <CopyButton text={id} what={`the ${name} ID`} iconOnly />
              <span className="block text-sm text-ink-3">
                <code>kms:EncryptionContext:{name}</code>
              </span>
            </Fact>
          ))}
        </Facts>
      </Card>
    </div>
  )
}

import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import type { SigningKeyView } from '#lib/shred/schema.ts'

/** What certificates are verified with; whoever receives one compares the fingerprint. */
export function SigningKeyCard({ signingKey: { pem, fingerprint } }: { signingKey: SigningKeyView }) {
  return (
    <Card
      title="Key of this installation"
      hint="Certificates are signed with it. Give its fingerprint to whoever has to verify one."
    >
      <Facts>
        <Fact name="SHA-256">
          <code>{fingerprint}</code>
        </Fact>
      </Facts>
      <details className="mt-3">
        <summary className="cursor-pointer py-1 text-sm text-ink-2">The public key</summary>
        <div className="mt-2">
          <Command text={pem.trim()} what="the public key" />
        </div>
      </details>
    </Card>
  )
}

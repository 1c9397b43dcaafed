import Link from 'next/link'
import { keyHref } from '#components/keys/key-href.ts'
import { Arn } from '#components/ui/arn.tsx'
import { Badge, ToneIcon } from '#components/ui/badge.tsx'
import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import { Time } from '#components/ui/time.tsx'
import type { SealPageView } from '#lib/seal/schema.ts'

const mechanisms = {
  awskms: 'awskms: a KMS key of whoever runs this console',
  local: 'local: a key file in the data folder',
  unknown: 'The configuration cannot be read',
}

export function SealState({ seal }: { seal: SealPageView }) {
  const { type, keyArn, health, error } = seal
  const now = health?.now
  const trouble = error ?? now?.diagnosis?.title
  return (
    <Card title="Status">
      <Facts>
        <Fact name="State">
          {trouble ? <Badge tone="warn">Unsealed, but its key is in trouble</Badge> : <Badge tone="ok">Unsealed</Badge>}
        </Fact>
        <Fact name="Mechanism">{mechanisms[type]}</Fact>
        <Fact name="Key">{keyArn?.startsWith('arn:') ? <Arn arn={keyArn} full /> : <code>{keyArn}</code>}</Fact>
        {health && (
          <Fact name="Last tried">
            {now?.checkedAt ? <Time iso={now.checkedAt} /> : 'At the start of this console'}
            {now?.checkedAt && keyArn && (
              <span className="block text-sm">
                <Link href={keyHref(keyArn)} className="link">
                  What hangs on this key, and its health
                </Link>
              </span>
            )}
          </Fact>
        )}
      </Facts>
      {trouble && (
        <p className="mt-4 flex gap-2 border-t border-line pt-4">
          <ToneIcon tone="warn" className="mt-0.5 size-4" />
          <span className="min-w-0 wrap-anywhere">
            {trouble.replace(/\.$/, '')}. What is unsealed stays so; started anew, this console would be sealed.
          </span>
        </p>
      )}
      {type === 'local' && (
        <div className="mt-4 border-t border-line pt-4">
          <p className="mb-3 text-ink-2">
            <strong className="font-medium text-ink">A KMS key is stronger.</strong> Whoever can read the data folder
            and the database has every secret of this console. To put them under a KMS key of yours, restart with these
            two variables:
          </p>
          <Command text={'export VAULT_SEAL_TYPE=awskms VAULT_AWSKMS_SEAL_KEY_ID=alias/YOUR-KEY\nnpm start'} />
          <p className="my-3 text-ink-2">Then, in another terminal with the same two variables, move the root keys:</p>
          <Command text="npx byok seal migrate" />
        </div>
      )}
    </Card>
  )
}

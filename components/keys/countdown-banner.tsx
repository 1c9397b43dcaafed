import { TriangleAlert } from 'lucide-react'
import Link from 'next/link'
import { Command } from '#components/ui/command.tsx'
import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import type { Countdown } from '#lib/key-health/schema.ts'
import { sealWords } from './dependents-words.ts'
import { keyHref } from './key-href.ts'

const openShown = 2

/** Keys that are about to be deleted with what hangs on them. It stays until that is cancelled, or everything is safe. */
export function CountdownBanner({
  countdowns,
  withCommands,
}: {
  countdowns: readonly Countdown[]
  /** Whether the reader may do something about it. */
  withCommands: boolean
}) {
  const [shown, more] = [countdowns.slice(0, openShown), countdowns.length - openShown]
  return (
    <>
      {shown.map((countdown) => (
        <One key={countdown.arn} countdown={countdown} withCommands={withCommands} />
      ))}
      {more > 0 && (
        <p className="border-b border-line bg-bad-soft px-8 py-2 text-sm text-bad max-md:px-4">
          {count(more, 'more key')} {more === 1 ? 'is' : 'are'} pending deletion:{' '}
          <Link href="/keys?state=pending+deletion" className="underline underline-offset-2">
            see all keys
          </Link>
        </p>
      )}
    </>
  )
}

function One({ countdown, withCommands }: { countdown: Countdown; withCommands: boolean }) {
  const { arn, daysLeft, deletionDate, dependents, cancelCommand, cancelPolicy } = countdown
  const when = daysLeft === null ? 'soon' : daysLeft <= 1 ? 'within a day' : `in ${count(daysLeft, 'day')}`
  return (
    <div role="note" className="border-b border-line bg-bad-soft px-8 py-2 text-sm text-bad max-md:px-4">
      <div className="flex gap-x-2.5">
        <TriangleAlert aria-hidden className="mt-px size-4 shrink-0" />
        <div className="min-w-0 flex-1">
          <strong className="font-semibold">
            A key will be deleted {when}
            {deletionDate && <span className="whitespace-nowrap"> ({deletionDate.slice(0, 10)})</span>}.
          </strong>{' '}
          {lossOf(dependents)}{' '}
          <Link href={keyHref(arn)} className="whitespace-nowrap underline underline-offset-2">
            <code title={arn}>{shortenArn(arn)}</code>
          </Link>
          {withCommands && (
            <details className="mt-1 text-ink">
              <summary className="w-fit underline underline-offset-2 pointer-coarse:py-2">How to stop it</summary>
              <div className="mt-2 mb-1 max-w-3xl space-y-2">
                <p>An administrator of the key runs, before it is deleted:</p>
                <Command text={cancelCommand} />
                <p>Whoever runs it needs this in an IAM policy, or in the key’s own with a principal:</p>
                <Command text={cancelPolicy} what="the policy" />
                {(dependents.backups > 0 || dependents.inUse || !dependents.seal) && (
                  <p>
                    While its deletion is pending the key opens nothing. Once that is cancelled,{' '}
                    <Link
                      href={`/keys/rewrap?from=${encodeURIComponent(arn)}`}
                      className="underline underline-offset-2"
                    >
                      re-wrap its backups
                    </Link>{' '}
                    under another key{dependents.inUse && ' and save an environment with that one'}: then it may go.
                  </p>
                )}
                {dependents.seal && (
                  <p>
                    As long as this console is not restarted it stays open. Once the deletion is cancelled, name another
                    key in the seal’s configuration, restart, and run <code>npx byok seal rewrap --values</code>: then
                    this key may go.
                  </p>
                )}
              </div>
            </details>
          )}
        </div>
      </div>
    </div>
  )
}

function lossOf({ onlyWayIn, onlyWayInBytes, backups, inUse, seal }: Countdown['dependents']): string {
  const lost =
    onlyWayIn > 0
      ? `${count(onlyWayIn, 'backup')} (${formatBytes(onlyWayInBytes)}) would be lost for good: nothing else opens ${onlyWayIn === 1 ? 'it' : 'them'}.`
      : backups > 0
        ? 'Everything on it has another way in.'
        : ''
  const use = inUse ? 'New backups still go under it and would fail.' : ''
  const own = seal
    ? `It is the key of this console’s seal: without it the console does not open again after its next start. Lost with it: ${sealWords(seal)}.`
    : ''
  return [lost, use, own].filter(Boolean).join(' ')
}

import { Arn } from '#components/ui/arn.tsx'
import { Card } from '#components/ui/card.tsx'
import { Fact, Facts } from '#components/ui/facts.tsx'
import type { RevisionView } from '#lib/environment/schema.ts'
import { ChangeList } from './change-list.tsx'
import { KeyCheckPanel } from './key-check-panel.tsx'
import { settingWords, wordOf } from './setting-words.ts'

/** One revision: what it holds, what it changed, what restoring it would change, and the report that let it be saved. */
export function RevisionDetail({ revision }: { revision: RevisionView }) {
  const { changes, differenceToNewest, keyArn, masterKey, furtherKeys } = revision
  const plain = [
    ['region', revision.region],
    ['method', revision.method],
    ['bucket', revision.bucket],
    ['hosted', String(revision.hosted)],
    ['prefix', revision.prefix],
    ['label', revision.label],
    ['credentials', revision.credentials],
    ['accessKeyId', revision.accessKeyId],
    ['roleArn', revision.roleArn],
    ['kmsEndpoint', revision.kmsEndpoint],
    ['s3Endpoint', revision.s3Endpoint],
  ] as const
  return (
    <div className="grid grid-cols-1 items-start gap-6 min-[1100px]:grid-cols-[minmax(0,1fr)_420px]">
      <div className="min-w-0 space-y-4">
        <Card title="Settings">
          <Facts>
            {plain
              .filter(([, value]) => value)
              .map(([name, value]) => (
                <Fact key={name} name={settingWords[name] ?? name}>
                  {wordOf(name, value)}
                </Fact>
              ))}
            {keyArn && (
              <Fact name="Master Key">
                {masterKey !== keyArn && <code className="block">{masterKey}</code>}
                <Arn arn={keyArn} full />
              </Fact>
            )}
            {furtherKeys.length > 0 && (
              <Fact name="Further keys">
                <ul className="space-y-1.5">
                  {furtherKeys.map((key) => (
                    <li key={key.keyArn}>
                      {key.typed !== key.keyArn && <code className="block">{key.typed}</code>}
                      <Arn arn={key.keyArn} full />
                    </li>
                  ))}
                </ul>
              </Fact>
            )}
          </Facts>
        </Card>
        {revision.number > 1 && (
          <Card title={`Changed since revision ${revision.number - 1}`}>
            {Object.keys(changes).length === 0 ? (
              <p className="text-sm text-ink-3">Nothing: it was saved again as it was.</p>
            ) : (
              <ChangeList changes={changes} />
            )}
          </Card>
        )}
        {!revision.current && (
          <Card
            title={`What restoring it changes from revision ${revision.newest}`}
            hint="It is checked again, and becomes a new revision."
          >
            {Object.keys(differenceToNewest).length === 0 ? (
              <p className="text-sm text-ink-3">Nothing: the newest revision has the same settings.</p>
            ) : (
              <ChangeList changes={differenceToNewest} />
            )}
          </Card>
        )}
      </div>
      <aside aria-label="Proof" className="min-w-0">
        <KeyCheckPanel report={revision.report} running={false} withKey={keyArn !== null} />
      </aside>
    </div>
  )
}

import { useWatch } from 'react-hook-form'
import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { Time } from '#components/ui/time.tsx'
import type { Dependents, EnvironmentInput, EnvironmentView } from '#lib/environment/schema.ts'
import { ChangeList } from './change-list.tsx'
import { draftChanges } from './draft-changes.ts'
import type { EnvironmentFormApi } from './form-type.ts'

interface Props {
  form: EnvironmentFormApi
  /** What the form started from. */
  saved: EnvironmentInput
  revision: number
  view: Pick<EnvironmentView, 'dependents' | 'hostedBucket' | 'keyArn'>
}

/** What saving would change, and what depends on how it was. */
export function DraftSummary({ form, saved, revision, view }: Props) {
  const draft = useWatch({ control: form.control, compute: (values) => values })
  const changes = draftChanges(saved, draft, view.hostedBucket)
  if (Object.keys(changes).length === 0) return null
  const { key, bucket } = view.dependents
  const keyLeaves = saved.encrypt && saved.method === 'AWS-KMS' && (changes.masterKey || changes.method)
  return (
    <section aria-labelledby="changes" className="card px-5.5 py-4 max-sm:px-4">
      <h2 id="changes" className="font-semibold">
        What changes from revision {revision}
      </h2>
      <div className="mt-3">
        <ChangeList changes={changes} />
      </div>
      {(keyLeaves || changes.method) && key.backups > 0 && (
        <Depends what="the old key" of={key}>
          They stay under it, and this console opens them as long as the old key works: keep it.
        </Depends>
      )}
      {(changes.bucket || changes.region) && bucket.backups > 0 && (
        <Depends what="the old bucket" of={bucket}>
          They stay where they are, and are restored from there as long as the bucket and the credentials that reach it
          are kept.
        </Depends>
      )}
    </section>
  )
}

function Depends({ what, of, children }: { what: string; of: Dependents; children: string }) {
  return (
    <p className="mt-3 border-t border-line pt-3 text-sm text-ink-2">
      <strong className="font-medium text-ink">
        {count(of.backups, 'backup needs', 'backups need')} {what}
      </strong>
      : {formatBytes(of.bytes)}
      {of.oldest && (
        <>
          , the oldest restore point made <Time iso={of.oldest} />
        </>
      )}
      . {children}
    </p>
  )
}

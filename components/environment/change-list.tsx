import type { SettingChanges } from '#lib/environment/schema.ts'
import { settingWords, wordOf } from './setting-words.ts'

interface Props {
  changes: SettingChanges
  /** There was nothing before: only what is. */
  first?: boolean
}

/** Each changed setting with what it was and what it is. */
export function ChangeList({ changes, first = false }: Props) {
  const names = Object.keys(settingWords).filter((name) => changes[name])
  return (
    <dl className="grid grid-cols-[14rem_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm max-sm:grid-cols-1 max-sm:gap-y-0.5">
      {names.map((name) => {
        const [was = null, is = null] = changes[name] ?? []
        return (
          <div key={name} className="contents">
            <dt className="text-ink-3 max-sm:mt-1.5">{settingWords[name]}</dt>
            <dd className="min-w-0 wrap-anywhere">
              {first ? (
                wordOf(name, is)
              ) : (
                <>
                  <del className="text-ink-3 decoration-1">
                    <span className="sr-only">was </span>
                    {wordOf(name, was)}
                  </del>{' '}
                  <span aria-hidden>→</span>{' '}
                  <ins className="no-underline">
                    <span className="sr-only">now </span>
                    {wordOf(name, is)}
                  </ins>
                </>
              )}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

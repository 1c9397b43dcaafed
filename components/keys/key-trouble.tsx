import { FailedCheck } from '#components/environment/failed-check.tsx'
import type { KeyHealth } from '#lib/key-health/schema.ts'

/** What is wrong with a key now, who changes it, and how. Nothing while it is healthy. */
export function KeyTrouble({ health }: { health: KeyHealth }) {
  const { diagnosis } = health
  if (!diagnosis) return null
  return (
    <div className="-mx-4.5">
      <p className="mx-4.5 mb-2 font-medium">{diagnosis.title}</p>
      <FailedCheck
        check={{ ...diagnosis, id: 'key.usable', status: 'failed', kind: 'refused', durationMs: 0 }}
        toldBefore={false}
      />
    </div>
  )
}

import { KeyEvents } from '#components/keys/key-events.tsx'
import { KeyHealthPicture } from '#components/keys/key-health-picture.tsx'
import { KeyTrouble } from '#components/keys/key-trouble.tsx'
import { Card } from '#components/ui/card.tsx'
import type { KeyHealthView } from '#lib/key-health/schema.ts'

/** How the seal’s key has been: as the page of every other key shows it. */
export function SealHealth({ health }: { health: KeyHealthView }) {
  return (
    <>
      {health.now?.diagnosis && (
        <Card title="What is wrong with its key">
          <KeyTrouble health={health.now} />
        </Card>
      )}
      <Card
        title="Health"
        hint="A worker tries the key as often as VAULT_SEAL_HEALTH_SECONDS says, and more often while it is in trouble."
      >
        <KeyHealthPicture view={health} needed />
        <h3 className="mt-4 mb-2 font-medium">Changes</h3>
        <KeyEvents events={health.events} />
      </Card>
    </>
  )
}

import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'

interface Props {
  commands: { readonly disable: string; readonly watch: string; readonly schedule: string }
}

/** As AWS advises: something that nobody here knows of may still use the key. */
export function NextSteps({ commands }: Props) {
  return (
    <Card title="Then" hint="AWS advises to disable a key first and to watch: that can be taken back at once.">
      <ol className="list-decimal space-y-3 pl-5">
        <li>
          <p className="mb-1.5">Disable it.</p>
          <Command text={commands.disable} />
        </li>
        <li>
          <p className="mb-1.5">For some weeks, look whether anybody misses it. Everything that was refused:</p>
          <Command text={commands.watch} />
        </li>
        <li>
          <p className="mb-1.5">Schedule its deletion. For 30 days it can still be cancelled.</p>
          <Command text={commands.schedule} />
        </li>
      </ol>
    </Card>
  )
}

import { Select } from '#components/ui/select.tsx'
import type { BackupsView } from '#lib/backup/schema.ts'

interface Props {
  sources: BackupsView['sources']
  error: string | undefined
}

/** Folders, each with its host where there are several. The value tells both: see `chosenSource`. */
export function SourceSelect({ sources, error }: Props) {
  return (
    <Select label="Folder" name="source" required error={error}>
      {optionsOf(sources).map(([value, { label }]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </Select>
  )
}

/** What was chosen, from the value of the field. */
export function chosenSource(value: string, sources: BackupsView['sources']): { source: string; host: string } {
  const [, chosen] = optionsOf(sources).find(([option]) => option === value) ?? []
  return { source: chosen?.path ?? value, host: chosen?.host ?? '' }
}

/** With the host only where several have the folder. */
function optionsOf(sources: BackupsView['sources']): [string, BackupsView['sources'][number]][] {
  const hosts = Map.groupBy(sources, ({ path }) => path)
  return sources.map((source) => [
    hosts.get(source.path)?.length === 1 ? source.path : `${source.path} on ${source.host}`,
    source,
  ])
}

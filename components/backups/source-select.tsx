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
      {sources.map((source) => (
        <option key={`${source.host} ${source.path}`} value={optionOf(source, sources)}>
          {source.label}
        </option>
      ))}
    </Select>
  )
}

/** What was chosen, from the value of the field. */
export function chosenSource(value: string, sources: BackupsView['sources']): { source: string; host: string } {
  const chosen = sources.find((source) => optionOf(source, sources) === value)
  return { source: chosen?.path ?? value, host: chosen?.host ?? '' }
}

function optionOf(source: BackupsView['sources'][number], sources: BackupsView['sources']): string {
  const alone = sources.filter(({ path }) => path === source.path).length === 1
  return alone ? source.path : `${source.path} on ${source.host}`
}

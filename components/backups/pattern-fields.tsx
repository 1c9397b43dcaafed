import { TextArea } from '#components/ui/text-area.tsx'

/** Which files of a folder are meant: two lists of patterns. */
export function PatternFields({ errors }: { errors: Readonly<Record<string, string>> | undefined }) {
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <TextArea
        label="Leave out"
        name="exclude"
        placeholder={'node_modules/\n*.tmp'}
        help="Patterns as in .gitignore, one a line."
        error={errorOf(errors, 'exclude')}
      />
      <TextArea
        label="Only"
        name="include"
        placeholder="*.sql"
        help="Empty: everything. “Leave out” wins."
        error={errorOf(errors, 'include')}
      />
    </div>
  )
}

/** Of the field itself, or of one of its lines. */
function errorOf(errors: Readonly<Record<string, string>> | undefined, field: string): string | undefined {
  const name = Object.keys(errors ?? {}).find((key) => key === field || key.startsWith(`${field}.`))
  return name === undefined ? undefined : errors?.[name]
}

import { CopyButton } from './copy-button.tsx'

interface Props {
  text: string
  /** What it is, for a screen reader, where it is no command. */
  what?: string
}

/** A command to copy and run. */
export function Command({ text, what = `the command ${text.split('\n', 1)[0]?.slice(0, 60)}` }: Props) {
  return (
    <div className="rounded-control border border-line bg-sunken">
      <pre className="px-3.5 pt-3 pb-2 text-xs whitespace-pre-wrap wrap-anywhere">{text}</pre>
      <div className="px-2 pb-2 text-right">
        <CopyButton text={text} what={what} />
      </div>
    </div>
  )
}

import { CopyButton } from './copy-button.tsx'

/** A command to copy and run. */
export function Command({ text }: { text: string }) {
  return (
    <div className="rounded-control border border-line bg-sunken">
      <pre className="px-3.5 pt-3 pb-2 text-xs whitespace-pre-wrap wrap-anywhere">{text}</pre>
      <div className="px-2 pb-2 text-right">
        <CopyButton text={text} what="the command" />
      </div>
    </div>
  )
}

interface Props {
  /** Names what is under way. */
  label: string
  /** 0 to 100; undefined while the whole is not known yet. */
  percent: number | undefined
  /** The same in words, for a screen reader. */
  text: string
}

/** An SVG carries its width as an attribute, which the Content-Security-Policy allows and a style attribute it does not. */
export function ProgressBar({ label, percent, text }: Props) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={text}
      className="h-2 overflow-hidden rounded-full bg-sunken ring-1 ring-line ring-inset forced-colors:border"
    >
      <svg aria-hidden="true" width="100%" height="100%" className="block text-accent">
        {percent === undefined ? (
          <rect width="100%" height="100%" fill="currentColor" className="animate-pulse opacity-25" />
        ) : (
          <rect width={`${percent}%`} height="100%" rx="4" fill="currentColor" />
        )}
      </svg>
    </div>
  )
}

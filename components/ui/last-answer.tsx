/** In place of nothing, so that what stands still is not taken for what happens. */
export function LastAnswer({ at }: { at: number | undefined }) {
  return (
    <div role="status">
      {at !== undefined && (
        <p className="mt-2 text-sm text-warn">
          The console does not answer. This is how it was at{' '}
          <span className="tabular-nums">{new Date(at).toISOString().slice(11, 19)} UTC</span>; it is asked again by
          itself.
        </p>
      )}
    </div>
  )
}

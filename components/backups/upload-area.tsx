'use client'
import { Upload } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type DragEvent, useEffect, useId, useRef, useState, useSyncExternalStore } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { Path } from '#components/ui/path-text.tsx'
import { ProgressBar } from '#components/ui/progress-bar.tsx'
import { isBusy, noUpload, onUpload, type UploadProgress, upload, uploadState, uploadsOf } from './upload-store.ts'

// Every browser knows this attribute; React's types do not.
const wholeFolder: { readonly webkitdirectory: string } = { webkitdirectory: '' }

/** Files or a folder from this computer: dropped here, or chosen. `person` is who is signed in. */
export function UploadArea({ person }: { person: string }) {
  const router = useRouter()
  const id = useId()
  const state = useSyncExternalStore(onUpload, uploadState, noUpload)
  const [over, setOver] = useState(false)
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const busy = isBusy(state)
  const wasBusy = useRef(busy)

  useEffect(() => uploadsOf(person), [person])

  // The list shows what became of it.
  useEffect(() => {
    if (wasBusy.current && !busy) router.refresh()
    wasBusy.current = busy
  }, [busy, router])

  function drop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    // Taken at once: the browser empties the list when the event is over.
    const entries = [...event.dataTransfer.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
    void upload((reading) => reading.droppedFiles(entries))
  }

  function pick(input: HTMLInputElement) {
    const list = [...(input.files ?? [])]
    input.value = ''
    if (list.length > 0) void upload(async (reading) => reading.pickedFiles(list))
  }

  return (
    <section
      aria-labelledby={id}
      onDragOver={(event) => {
        event.preventDefault()
        if (!busy) setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={`card border-dashed px-5 py-4 ${over ? 'border-accent bg-accent-soft' : 'border-line-strong'}`}
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2.5">
        <Upload aria-hidden className="size-5 shrink-0 text-ink-3" />
        <div className="min-w-0 flex-1 basis-60">
          <h2 id={id} className="font-medium">
            Upload from this computer
          </h2>
          <p className="text-sm text-ink-2">Drop files or a folder here, or choose them. They become one backup.</p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button held={busy} onClick={() => files.current?.click()}>
            Choose files
          </Button>
          <Button held={busy} onClick={() => folder.current?.click()}>
            Choose a folder
          </Button>
        </div>
        <input ref={files} type="file" multiple hidden onChange={(event) => pick(event.currentTarget)} />
        <input ref={folder} type="file" {...wholeFolder} hidden onChange={(event) => pick(event.currentTarget)} />
      </div>
      {state.step === 'sending' && (
        <div className="mt-4">
          <div className="mb-1.5 flex items-center gap-3">
            <p className="min-w-0 flex-1 text-sm tabular-nums">
              <span className="font-medium wrap-anywhere">{state.name}</span>{' '}
              <span className="text-ink-2">
                {state.name !== count(state.files, 'file') && `${count(state.files, 'file')}, `}
                {progressText(state.progress)}
              </span>
            </p>
            <Button size="small" onClick={state.cancel}>
              Cancel upload
            </Button>
          </div>
          <ProgressBar
            label={`Upload of ${state.name.slice(0, 80)}`}
            percent={percentOf(state.progress)}
            text={progressText(state.progress)}
          />
        </div>
      )}
      <div role="status" className="mt-3 empty:sr-only">
        {state.step === 'reading' && <p className="text-ink-2">Reading what was chosen…</p>}
        {state.step === 'done' && (
          <p className="text-ok">
            Uploaded and encrypted:{' '}
            <Link href={`/backups/${state.id}`} className="font-medium wrap-anywhere underline underline-offset-2">
              {state.name}
            </Link>
          </p>
        )}
        {state.step === 'cancelled' && <p className="text-ink-2">The upload was cancelled. Nothing of it is kept.</p>}
      </div>
      {state.step === 'refused' && (
        <div className="mt-3">
          <Alert>
            {state.message}
            {state.path !== undefined && <UnreadFile path={state.path} />}
          </Alert>
        </div>
      )}
    </section>
  )
}

/** The name by itself: of a long path only the beginning would be seen. */
function UnreadFile({ path }: { path: string }) {
  const at = path.lastIndexOf('/') + 1
  return (
    <div className="mt-1">
      <Path path={path.slice(at)} className="line-clamp-3 font-medium" />
      {at > 0 && <Path path={path.slice(0, at)} className="line-clamp-3 text-sm" />}
    </div>
  )
}

function percentOf({ sent, total }: UploadProgress): number | undefined {
  return total > 0 ? Math.floor((100 * sent) / total) : undefined
}

function progressText({ sent, total, rate }: UploadProgress): string {
  if (total === 0) return 'starting'
  if (sent === total) return `${formatBytes(total)} sent, being encrypted and stored`
  const speed = rate === undefined ? '' : `, ${formatBytes(rate)}/s`
  return `${formatBytes(sent)} of ${formatBytes(total)}${speed}`
}

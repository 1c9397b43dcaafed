'use client'
import { Upload } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type DragEvent, useEffect, useId, useRef, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { count, formatBytes } from '#components/ui/format-bytes.ts'
import { ProgressBar } from '#components/ui/progress-bar.tsx'
import type { ChosenFile } from './upload-files.ts'
import type { Sending } from './upload-send.ts'

// Loaded when somebody uploads.
const reading = () => import('./upload-files.ts')
const transport = () => import('./upload-send.ts')

// Every browser knows this attribute; React's types do not.
const wholeFolder: { readonly webkitdirectory: string } = { webkitdirectory: '' }

type State =
  | { readonly step: 'idle'; readonly message?: string }
  | { readonly step: 'sending'; readonly name: string; readonly files: number; readonly sending: Sending }
  | { readonly step: 'done'; readonly name: string; readonly id: string }
  | { readonly step: 'cancelled' }

interface Progress {
  readonly sent: number
  readonly total: number
  /** Bytes a second; undefined at the start. */
  readonly rate: number | undefined
}

/** Files or a folder from this computer: dropped here, or chosen. */
export function UploadArea() {
  const router = useRouter()
  const id = useId()
  const [state, setState] = useState<State>({ step: 'idle' })
  const [progress, setProgress] = useState<Progress>()
  const [over, setOver] = useState(false)
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const sending = state.step === 'sending' ? state.sending : undefined

  // Leaving the page would end the upload.
  useEffect(() => {
    if (!sending) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [sending])

  async function send(choose: () => Promise<readonly ChosenFile[]>) {
    try {
      const [{ nameOf }, { sendFiles }, chosen] = await Promise.all([reading(), transport(), choose()])
      if (chosen.length === 0) return setState({ step: 'idle', message: 'There was no file in it.' })
      const name = nameOf(chosen)
      const startedAt = performance.now()
      setProgress({ sent: 0, total: 0, rate: undefined })
      const started = sendFiles(name, chosen, (sent, total) => {
        const seconds = (performance.now() - startedAt) / 1000
        setProgress({ sent, total, rate: seconds > 1 ? sent / seconds : undefined })
      })
      setState({ step: 'sending', name, files: chosen.length, sending: started })
      const result = await started.result
      if (result.status === 'complete') setState({ step: 'done', name, id: result.id })
      else if (result.status === 'cancelled') setState({ step: 'cancelled' })
      else setState({ step: 'idle', message: result.message })
      router.refresh()
    } catch {
      setState({ step: 'idle', message: 'This browser could not read the files. Nothing was sent.' })
    }
  }

  function drop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    if (sending) return
    // Taken at once: the browser empties the list when the event is over.
    const entries = [...event.dataTransfer.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
    void send(async () => (await reading()).droppedFiles(entries))
  }

  function pick(input: HTMLInputElement) {
    const list = [...(input.files ?? [])]
    input.value = ''
    if (list.length > 0) void send(async () => (await reading()).pickedFiles(list))
  }

  return (
    <section
      aria-labelledby={id}
      onDragOver={(event) => {
        event.preventDefault()
        if (!sending) setOver(true)
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
          <Button disabled={sending !== undefined} onClick={() => files.current?.click()}>
            Choose files
          </Button>
          <Button disabled={sending !== undefined} onClick={() => folder.current?.click()}>
            Choose a folder
          </Button>
        </div>
        <input ref={files} type="file" multiple hidden onChange={(event) => pick(event.currentTarget)} />
        <input ref={folder} type="file" {...wholeFolder} hidden onChange={(event) => pick(event.currentTarget)} />
      </div>
      {state.step === 'sending' && progress && (
        <div className="mt-4">
          <div className="mb-1.5 flex items-center gap-3">
            <p className="min-w-0 flex-1 text-sm tabular-nums">
              <span className="font-medium wrap-anywhere">{state.name}</span>{' '}
              <span className="text-ink-2">
                {state.name !== count(state.files, 'file') && `${count(state.files, 'file')}, `}
                {progressText(progress)}
              </span>
            </p>
            <Button size="small" onClick={() => state.sending.cancel()}>
              Cancel upload
            </Button>
          </div>
          <ProgressBar
            label={`Upload of ${state.name.slice(0, 80)}`}
            percent={progress.total > 0 ? Math.floor((100 * progress.sent) / progress.total) : undefined}
            text={progressText(progress)}
          />
        </div>
      )}
      <div role="status" className="mt-3 empty:hidden">
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
      {state.step === 'idle' && state.message && (
        <div className="mt-3">
          <Alert>{state.message}</Alert>
        </div>
      )}
    </section>
  )
}

function progressText({ sent, total, rate }: Progress): string {
  if (total === 0) return 'starting'
  if (sent === total) return `${formatBytes(total)} sent, being encrypted and stored`
  const speed = rate === undefined ? '' : `, ${formatBytes(rate)}/s`
  return `${formatBytes(sent)} of ${formatBytes(total)}${speed}`
}

import type { ChosenFile } from './upload-files.ts'

// Loaded when somebody uploads.
const scripts = () => Promise.all([import('./upload-files.ts'), import('./upload-send.ts')])

/** Bytes; `rate` is a second's, undefined at the start. */
export interface UploadProgress {
  readonly sent: number
  readonly total: number
  readonly rate: number | undefined
}

export type UploadState =
  | { readonly step: 'idle' }
  | { readonly step: 'reading' }
  | {
      readonly step: 'sending'
      readonly name: string
      readonly files: number
      readonly progress: UploadProgress
      readonly cancel: () => void
    }
  | { readonly step: 'done'; readonly name: string; readonly id: string }
  | { readonly step: 'cancelled' }
  | { readonly step: 'refused'; readonly message: string; readonly path: string | undefined }

type Files = typeof import('./upload-files.ts')

// The upload of this tab, not of a page: who looks at another page of the console meanwhile neither ends it nor finds
// it forgotten on the way back.
const idle = { step: 'idle' } as const
let state: UploadState = idle
let owner: string | undefined
const listeners = new Set<() => void>()

export const uploadState = (): UploadState => state
export const noUpload = (): UploadState => idle
export const isBusy = ({ step }: UploadState): boolean => step === 'reading' || step === 'sending'

export function onUpload(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Whoever signs in after somebody else sees nothing of theirs. */
export function uploadsOf(person: string): void {
  if (owner !== undefined && owner !== person) {
    if (state.step === 'sending') state.cancel()
    set(idle)
  }
  owner = person
}

/** One at a time: does nothing while another is read or sent. */
export async function upload(choose: (files: Files) => Promise<readonly ChosenFile[]>): Promise<void> {
  if (isBusy(state)) return
  set({ step: 'reading' })
  const loaded = await scripts().catch(() => undefined)
  if (!loaded)
    return refuse(
      'A part of this page could not be loaded: the console does not answer, or was updated meanwhile. Nothing was sent. Reload the page and try again.',
    )
  const [files, { sendFiles }] = loaded
  const chosen = await choose(files).catch(unreadable)
  if (!chosen) return
  if (chosen.length === 0) return refuse('There was no file in it.')
  const name = files.nameOf(chosen)
  const startedAt = performance.now()
  const mine = owner
  const { result, cancel } = sendFiles(name, chosen, (sent, total) => {
    const seconds = (performance.now() - startedAt) / 1000
    if (state.step === 'sending' && owner === mine)
      set({ ...state, progress: { sent, total, rate: seconds > 1 ? sent / seconds : undefined } })
  })
  set({ step: 'sending', name, files: chosen.length, progress: { sent: 0, total: 0, rate: undefined }, cancel })
  const end = await result
  if (owner !== mine) return
  if (end.status === 'complete') set({ step: 'done', name, id: end.id })
  else if (end.status === 'cancelled') set({ step: 'cancelled' })
  else refuse(end.message, end.path)
}

function unreadable(error: unknown): undefined {
  const path = error instanceof Error && error.name === 'UnreadableFile' ? error.message : undefined
  refuse(`This browser could not read ${path === undefined ? 'the files' : 'a file'}. Nothing was sent.`, path)
}

function refuse(message: string, path?: string): void {
  set({ step: 'refused', message, path })
}

function set(next: UploadState): void {
  if (isBusy(next) !== isBusy(state)) {
    if (isBusy(next)) window.addEventListener('beforeunload', warn)
    else window.removeEventListener('beforeunload', warn)
  }
  state = next
  for (const listener of listeners) listener()
}

/** Closing the tab would end it. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

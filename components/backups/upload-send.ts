import { z } from 'zod'
import type { ChosenFile } from './upload-files.ts'

export type UploadResult =
  | { readonly status: 'complete'; readonly id: string }
  /** `path`: of the file that it is about. */
  | { readonly status: 'refused'; readonly message: string; readonly path: string | undefined }
  | { readonly status: 'cancelled' }

export interface Sending {
  readonly result: Promise<UploadResult>
  cancel(): void
}

const completeSchema = z.object({ id: z.string() })
const refusedSchema = z.object({ message: z.string(), fix: z.string().nullish() })

/** Sends files as one form. With XMLHttpRequest, because fetch tells nothing of what was sent. */
export function sendFiles(
  name: string,
  files: readonly ChosenFile[],
  onProgress: (sent: number, total: number) => void,
): Sending {
  const form = new FormData()
  form.set(
    'files',
    JSON.stringify(files.map(({ path, file }) => ({ path, size: file.size, mtime: file.lastModified }))),
  )
  for (const { file } of files) form.append('file', file, 'file')
  const request = new XMLHttpRequest()
  let sent = false
  request.upload.onload = () => {
    sent = true
  }
  const result = new Promise<UploadResult>((resolve) => {
    const refuse = (message: string, path?: string) => resolve({ status: 'refused', message, path })
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total)
    request.onload = () => {
      const answer = parse(request.responseText)
      const complete = completeSchema.safeParse(answer)
      if (request.status === 201 && complete.success) return resolve({ status: 'complete', id: complete.data.id })
      const refused = refusedSchema.safeParse(answer)
      const words = refused.success ? [refused.data.message, refused.data.fix].filter(Boolean).join(' ') : ''
      refuse(words || `The console answered with ${request.status}. Nothing was kept.`)
    }
    request.onerror = async () => {
      if (sent)
        return refuse(
          'The connection to the console was lost after everything had been sent. It may have been kept: look at the backups before you send it again.',
        )
      const path = await firstUnreadable(files)
      refuse(
        path === undefined
          ? 'The connection to the console was lost. Nothing was kept. See that the console answers, then choose again.'
          : 'This browser could not read a file: it changed or was removed after it was chosen, or may not be read. Nothing was kept. Choose again.',
        path,
      )
    }
    request.onabort = () => resolve({ status: 'cancelled' })
  })
  request.open('POST', `/api/v1/backups?name=${encodeURIComponent(name.slice(0, 2000))}`)
  request.send(form)
  return { result, cancel: () => request.abort() }
}

/**
 * A request tells its page not why it failed. A browser refuses every byte of a file that is not as it was chosen. With
 * very many files not all are asked: whoever waits for the reason would wait longer for it than it is worth.
 */
async function firstUnreadable(files: readonly ChosenFile[]): Promise<string | undefined> {
  const until = performance.now() + 5000
  for (const { path, file } of files) {
    if (performance.now() > until) return undefined
    const readable = await file
      .slice(0, 1)
      .arrayBuffer()
      .then(Boolean, () => false)
    if (!readable) return path
  }
  return undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

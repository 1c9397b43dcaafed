import type { FilesSource, StreamSource } from '#lib/backup/source.ts'

/**
 * For a request that is answered without its bytes: whoever still sends comes to the end, and to the answer. The server
 * does so itself with a body that nobody has begun to read, as that of a single file; of a form the list has been read
 * by then, and without a reader of the rest the connection would be reset. Neither waits nor throws.
 */
export function readToNowhere(input: StreamSource | FilesSource): void {
  if (input.kind === 'files') readAll(input).catch(() => {})
}

async function readAll({ files }: FilesSource): Promise<void> {
  for await (const { bytes } of files) for await (const _ of bytes);
}

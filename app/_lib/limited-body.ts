import 'server-only'

/** The body of a request, which is never held beyond a limit; undefined when there is more. */
export async function limitedBody({ body }: Request, mostBytes: number): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > mostBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

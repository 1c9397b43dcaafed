import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Bucket } from './bucket-store.ts'
import type { ObjectVersion } from './object-version.ts'

/** Up to this size the whole body is read at once, which is quicker. */
const smallBytes = 512 * 1024
const chunkBytes = 1024 * 1024

async function* pieces(bucket: Bucket, version: ObjectVersion, start: number, end: number) {
  let offset = 0
  for (const file of version.files) {
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, file.size)
    offset += file.size
    if (from >= to) continue
    yield* createReadStream(join(bucket.objectsFolder, file.name), {
      start: from,
      end: to - 1,
      highWaterMark: chunkBytes,
    })
  }
}

/** Bytes `start` to `end` (not included). The files stay until the stream is closed, whatever is deleted meanwhile. */
export function streamData(bucket: Bucket, version: ObjectVersion, start = 0, end = version.size): Readable {
  const release = bucket.hold(version)
  const [file] = version.files
  const stream =
    version.files.length === 1 && file && end > start
      ? createReadStream(join(bucket.objectsFolder, file.name), { start, end: end - 1, highWaterMark: chunkBytes })
      : Readable.from(pieces(bucket, version, start, end))
  return stream.once('close', release)
}

/** The same, as bytes when they are few. */
export async function readData(
  bucket: Bucket,
  version: ObjectVersion,
  start: number,
  end: number,
): Promise<Buffer | Readable> {
  const [file] = version.files
  if (!file || version.files.length > 1 || file.size > smallBytes) return streamData(bucket, version, start, end)
  const release = bucket.hold(version)
  const bytes = await readFile(join(bucket.objectsFolder, file.name)).finally(release)
  return bytes.subarray(start, end)
}

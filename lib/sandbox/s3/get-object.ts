import { AwsError } from '../aws-error.ts'
import type { Answer } from '../http/answer.ts'
import { openEncryption } from './encryption.ts'
import { invalidArgument } from './errors.ts'
import { findVersion } from './find-version.ts'
import { objectHeaders } from './object-headers.ts'
import type { ObjectVersion } from './object-version.ts'
import { checkReadConditions } from './preconditions.ts'
import { readData } from './read-data.ts'
import { type BucketCall, headerOf, queryOf, type S3Handler } from './s3-call.ts'

interface Range {
  start: number
  /** Not included. */
  end: number
}

/** One range, as S3 serves it: several, or one that cannot be read, are as good as none. */
function parseRange(text: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text ?? '')
  const [, first = '', last = ''] = match ?? []
  if (!match || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    if (length === 0) throw unsatisfiable(text, size)
    return { start: size - length, end: size }
  }
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= size) throw unsatisfiable(text, size)
  return { start: Number(first), end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

function unsatisfiable(text: string | undefined, size: number): AwsError {
  return new AwsError('InvalidRange', 'The requested range is not satisfiable', 416, {
    details: { RangeRequested: text ?? '', ActualObjectSize: String(size) },
    headers: { 'content-range': `bytes */${size}` },
  })
}

function partRange(call: BucketCall, version: ObjectVersion): (Range & { count: number }) | undefined {
  const text = queryOf(call, 'partNumber')
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', text)
  }
  const parts = version.parts ?? [{ number: 1, size: version.size }]
  const at = parts.findIndex((part) => part.number === number)
  const part = parts[at]
  if (!part) throw new AwsError('InvalidPartNumber', 'The requested partnumber is not satisfiable', 416)
  const start = parts.slice(0, at).reduce((sum, { size }) => sum + size, 0)
  return { start, end: start + part.size, count: version.parts ? parts.length : 0 }
}

const overrides = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
]

async function answer(call: BucketCall, withBody: boolean): Promise<Answer> {
  const version = findVersion(call)
  checkReadConditions(call, version)
  const part = partRange(call, version)
  const range = part ?? parseRange(headerOf(call, 'range'), version.size)
  await openEncryption(call, version.encryption)
  const { start, end } = range ?? { start: 0, end: version.size }
  const headers = objectHeaders(call, version, range === undefined)
  for (const name of overrides) {
    const value = queryOf(call, `response-${name}`)
    if (value !== undefined) headers[name] = value
  }
  headers['content-length'] = String(end - start)
  if (range && version.size > 0) headers['content-range'] = `bytes ${start}-${end - 1}/${version.size}`
  if (part?.count) headers['x-amz-mp-parts-count'] = String(part.count)
  const body = withBody ? await readData(call.bucket, version, start, end) : undefined
  return { status: range ? 206 : 200, headers, body }
}

export const getObject: S3Handler = (call) => answer(call, true)
export const headObject: S3Handler = (call) => answer(call, false)

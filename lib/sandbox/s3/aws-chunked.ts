import { createHash, type Hash } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import type { Caller } from '../http/authenticate.ts'
import { signatureMismatch } from '../http/refusal.ts'
import { credentialScope, sameSignature, sign } from '../http/sigv4.ts'
import { incompleteBody } from './errors.ts'

const emptyHash = createHash('sha256').update('').digest('hex')
const longestLine = 1024

const malformedTrailer = () =>
  new AwsError(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )

/**
 * Takes the framing off an `aws-chunked` body:
 *
 *     <hex length>[;chunk-signature=<hex>]\r\n <data> \r\n … 0[;chunk-signature=<hex>]\r\n <trailers> \r\n
 *
 * and checks each chunk's signature when there are any. Data comes out as views of what went in, never copied.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export class AwsChunkedDecoder {
  readonly trailers = new Map<string, string>()
  readonly #signature: Caller['signature']
  readonly #signed: boolean
  #previous: string
  #state: 'head' | 'data' | 'gap' | 'trailer' | 'end' = 'head'
  #line = ''
  #left = 0
  #chunkSignature = ''
  #chunkHash: Hash | undefined
  #trailerText = ''

  constructor(signed: boolean, signature: Caller['signature']) {
    this.#signed = signed
    this.#signature = signature
    this.#previous = signature?.claim.signature ?? ''
  }

  /** The data in these bytes. */
  *push(bytes: Buffer): Iterable<Buffer> {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const data = bytes.subarray(at, at + this.#left)
        at += data.length
        this.#left -= data.length
        this.#chunkHash?.update(data)
        if (data.length > 0) yield data
        if (this.#left === 0) {
          this.#checkChunk()
          this.#state = 'gap'
        }
        continue
      }
      const end = bytes.indexOf(10, at)
      this.#line += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
      if (this.#line.length > longestLine) throw incompleteBody()
      if (end < 0) return
      at = end + 1
      const line = this.#line.replace(/\r$/, '')
      this.#line = ''
      this.#takeLine(line)
    }
  }

  /** Throws unless the last chunk and the trailers were whole. */
  finish(): void {
    // Some clients leave out the last empty line.
    if (this.#state === 'trailer' && this.#line === '') this.#checkTrailers()
    else if (this.#state !== 'end') throw incompleteBody()
  }

  #takeLine(line: string): void {
    switch (this.#state) {
      case 'head':
        this.#startChunk(line)
        break
      case 'gap':
        if (line !== '') throw incompleteBody()
        this.#state = 'head'
        break
      case 'trailer':
        if (line === '') this.#checkTrailers()
        else this.#takeTrailer(line)
        break
      default:
        if (line !== '') throw incompleteBody()
    }
  }

  #startChunk(line: string): void {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
    if (!match || (this.#signed && !match[2])) throw incompleteBody()
    this.#left = Number.parseInt(match[1] ?? '', 16)
    this.#chunkSignature = match[2] ?? ''
    this.#chunkHash = this.#signed ? createHash('sha256') : undefined
    this.#state = 'data'
    if (this.#left > 0) return
    this.#checkChunk()
    this.#state = 'trailer'
  }

  #takeTrailer(line: string): void {
    const colon = line.indexOf(':')
    if (colon <= 0) throw malformedTrailer()
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name !== 'x-amz-trailer-signature') this.#trailerText += `${name}:${value}\n`
    this.trailers.set(name, value)
  }

  #checkChunk(): void {
    if (!this.#signed) return
    this.#checkSignature(
      'AWS4-HMAC-SHA256-PAYLOAD',
      `${emptyHash}\n${this.#chunkHash?.digest('hex')}`,
      this.#chunkSignature,
    )
  }

  #checkTrailers(): void {
    this.#state = 'end'
    if (!this.#signed || this.trailers.size === 0) return
    const hash = createHash('sha256').update(this.#trailerText).digest('hex')
    this.#checkSignature('AWS4-HMAC-SHA256-TRAILER', hash, this.trailers.get('x-amz-trailer-signature') ?? '')
  }

  #checkSignature(kind: string, hashes: string, given: string): void {
    if (!this.#signature) throw signatureMismatch('s3', {})
    const { claim, key } = this.#signature
    const text = [kind, claim.time, credentialScope(claim), this.#previous, hashes].join('\n')
    const expected = sign(key, text)
    if (!sameSignature(expected, given)) {
      throw signatureMismatch('s3', { AWSAccessKeyId: claim.accessKeyId, StringToSign: text, SignatureProvided: given })
    }
    this.#previous = expected
  }
}

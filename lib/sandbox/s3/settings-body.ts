import { createHash } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import { readBody } from '../http/request.ts'
import { AwsChunkedDecoder } from './aws-chunked.ts'
import { claimedChecksum, claimedMd5, makeHasher, wrongChecksum } from './checksum.ts'
import { headerOf, type S3Call } from './s3-call.ts'

/**
 * A small document that comes as a body, with its checksums checked.
 * @param options.coversBody false where a checksum header is about the object, not about the document
 */
export async function readSettingsBody(
  call: S3Call,
  options: { limit?: number; coversBody?: boolean } = {},
): Promise<string> {
  const raw = await readBody(call.request, options.limit ?? 1 << 20)
  if (!raw) throw new AwsError('MaxMessageLengthExceeded', 'Your request was too big.')
  const mode = headerOf(call, 'x-amz-content-sha256') ?? ''
  let bytes = raw
  if (mode.startsWith('STREAMING-')) {
    const decoder = new AwsChunkedDecoder(mode.includes('HMAC'), call.signature)
    bytes = Buffer.concat([...decoder.push(raw)])
    decoder.finish()
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (/^[0-9a-f]{64}$/i.test(mode) && mode.toLowerCase() !== sha256) {
    throw new AwsError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  }
  const md5 = claimedMd5(call)
  if (md5 && !md5.equals(createHash('md5').update(bytes).digest())) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
  const claim = options.coversBody === false ? undefined : claimedChecksum(call)
  if (claim?.value !== undefined) {
    const sum = makeHasher(claim.algorithm)
    sum.update(bytes)
    if (sum.digest().toString('base64') !== claim.value) throw wrongChecksum(claim.algorithm)
  }
  return bytes.toString('utf8')
}

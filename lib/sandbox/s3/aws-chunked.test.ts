import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SignatureClaim, signingKey } from '../http/sigv4.ts'
import { AwsChunkedDecoder } from './aws-chunked.ts'

/** The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
const claim: SignatureClaim = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  date: '20130524',
  region: 'us-east-1',
  service: 's3',
  signedHeaders: [],
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  time: '20130524T000000Z',
  token: undefined,
  expires: undefined,
}
const key = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', claim)
const signatures = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
]
const data = Buffer.alloc(66_560, 'a')

function example(): Buffer {
  const chunks = [data.subarray(0, 65_536), data.subarray(65_536), Buffer.alloc(0)]
  const parts = chunks.flatMap((chunk, at) => [
    Buffer.from(`${chunk.length.toString(16)};chunk-signature=${signatures[at]}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat(parts)
}

function decode(bytes: Buffer, sizes: number[], signed = true): { data: Buffer; trailers: Map<string, string> } {
  const decoder = new AwsChunkedDecoder(signed, signed ? { claim, key } : undefined)
  const out: Buffer[] = []
  let at = 0
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    out.push(...decoder.push(bytes.subarray(at, at + size)))
    at += size
  }
  decoder.finish()
  return { data: Buffer.concat(out), trailers: decoder.trailers }
}

describe('signed chunks', () => {
  test('the documented example, however it is cut', () => {
    for (const sizes of [[1 << 20], [1], [7, 4096], [65_536]])
      expect(decode(example(), sizes).data.equals(data)).toBe(true)
  })

  test('a changed byte is a wrong signature', () => {
    const bytes = example()
    bytes[200] = 98
    expect(() => decode(bytes, [4096])).toThrow('The request signature we calculated does not match')
  })

  test('every shorter body is incomplete', () => {
    const bytes = example()
    for (const cut of [1, 50, 60_000, bytes.length - 90, bytes.length - 3]) {
      expect(() => decode(bytes.subarray(0, cut), [8192])).toThrow()
    }
  })
})

test('unsigned chunks of any sizes, cut anywhere, with a trailer', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 5 }),
      (chunks, sizes) => {
        const framed = chunks.flatMap((chunk) => [
          Buffer.from(`${chunk.length.toString(16)}\r\n`),
          chunk,
          Buffer.from('\r\n'),
        ])
        const end = Buffer.from('0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n')
        const decoded = decode(Buffer.concat([...framed, end]), sizes, false)
        expect(decoded.data.equals(Buffer.concat(chunks))).toBe(true)
        expect(decoded.trailers.get('x-amz-checksum-crc32')).toBe('AAAAAA==')
      },
    ),
  )
})

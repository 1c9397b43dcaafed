import { createPublicKey, verify } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import { describeKey, type SigningKey } from './signing-key.ts'

// What is signed is the text of `certificate` as JSON.stringify writes it: no spaces, members in this order. The file is
// the same with two spaces of indentation, and a reader refuses any other text of it: what a person sees is what counts.

const iso = z.iso.datetime()
const count = z.int().min(0)
const certificateSchema = z.strictObject({
  type: z.literal('vault-console crypto-shred certificate'),
  format: z.literal(1),
  installation: z.uuid(),
  request: z.strictObject({
    id: z.uuid(),
    name: z.string(),
    reason: z.string(),
    by: z.string(),
    at: iso,
    /** Until then it could be undone. */
    dueAt: iso,
    begunAt: iso,
  }),
  /** 1; one more each time that further backups of the request were shredded. The newest names them all. */
  issue: count,
  issuedAt: iso,
  shredded: z.array(
    z.strictObject({
      backup: z.uuid(),
      name: z.string(),
      source: z.string(),
      madeAt: iso,
      /** Of its content, and of its objects in the bucket. */
      bytes: count.nullable(),
      bytesStored: count.nullable(),
      method: z.string(),
      region: z.string(),
      bucket: z.string(),
      /** Where its envelope was. */
      object: z.string(),
      manifestSha256: z.string().nullable(),
      /** Key ARNs, or IDs of root keys, under which its key was wrapped. */
      keys: z.array(z.string()),
      /** Every envelope that was destroyed. */
      envelopes: z.array(
        z.strictObject({ where: z.enum(['bucket', 'database']), versionId: z.string(), sha256: z.string().nullable() }),
      ),
      destroyedAt: iso,
    }),
  ),
  /** Of the same request, and not shredded: these may still be read. */
  notShredded: z.array(z.strictObject({ backup: z.uuid(), name: z.string(), why: z.string() })),
  proven: z.array(z.string()),
  restsOn: z.array(z.string()),
})
export type Certificate = z.infer<typeof certificateSchema>

const signedSchema = z.strictObject({
  certificate: certificateSchema,
  signature: z.strictObject({
    algorithm: z.literal('Ed25519'),
    publicKey: z.string(),
    fingerprint: z.hex().length(64),
    value: z.base64(),
  }),
})

export function signCertificate(certificate: Certificate, key: SigningKey): string {
  const { pem: publicKey, fingerprint } = key
  const value = key.sign(Buffer.from(JSON.stringify(certificate))).toString('base64')
  return textOf({ certificate, signature: { algorithm: 'Ed25519', publicKey, fingerprint, value } })
}

const textOf = (signed: z.infer<typeof signedSchema>) => `${JSON.stringify(signed, null, 2)}\n`

/**
 * What a certificate says, if the key that it names has signed exactly this. Whose key that is must be asked elsewhere:
 * compare the fingerprint. Throws AppError `integrity` for anything else.
 */
export function verifyCertificate(text: string): { certificate: Certificate; fingerprint: string } {
  const bad = (what: string, cause?: unknown) =>
    new AppError('integrity', `This certificate is not genuine: ${what}`, { cause })
  let signed: z.infer<typeof signedSchema>
  try {
    signed = signedSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw bad('it is not as a console writes it.', cause)
  }
  if (textOf(signed) !== text)
    throw bad('its text is not exactly what a console writes. Verify the file as it was downloaded.')
  const { certificate, signature } = signed
  let key: ReturnType<typeof createPublicKey>
  try {
    key = createPublicKey(signature.publicKey)
  } catch (cause) {
    throw bad('the key in it is none.', cause)
  }
  const { fingerprint } = describeKey(key)
  if (key.asymmetricKeyType !== 'ed25519' || fingerprint !== signature.fingerprint)
    throw bad('the key in it is not the one of its fingerprint.')
  const message = Buffer.from(JSON.stringify(certificate))
  if (!verify(null, message, key, Buffer.from(signature.value, 'base64')))
    throw bad('its signature does not fit what it says.')
  return { certificate, fingerprint }
}

/** What was looked at after the deletion, for each backup that is listed as shredded. */
export const proven = [
  'Every version of the envelope’s object that the bucket listed was deleted by its version ID. Afterwards the bucket listed no version and no delete marker of it, and reading it answered that there is no such object; at least two minutes later it did so again.',
  'The console’s database holds no envelope, no envelope about to take its place, and no checkpoint of the backup. What it still holds are names, sizes, times and checksums.',
  'The encrypted data itself was left in the bucket. It is AES-256-GCM under a key of 256 random bits that existed nowhere but, wrapped, in these envelopes.',
]

/** What no console can see or reach. */
export const restsOn = [
  'Other copies of the bucket: replication, AWS Backup, exports, snapshots of a store that is not AWS’s own. An envelope in one of them still opens with a key named above.',
  'Copies of the console’s database from before: dumps, base backups, archived write-ahead log, replicas, snapshots of its disk. They may hold the envelope. PostgreSQL overwrites what was deleted in its own files only in the course of time.',
  'Other consoles that know the backup, because one imported the other’s catalogue: the database of the one that made it may hold the envelope.',
  'For wraps by a root key of the console (root-key/…): such a copy opens with that root key, which the seal’s key, a recovery kit or a copy of the database together with the seal’s key gives. For wraps by a KMS key: with that key, as long as it exists; deleting the key ends it for every copy.',
  'What was taken out of the backup before: restored files, downloads, the source itself. A download that was under way went on to its end.',
  'The bucket’s own word: that Amazon S3, or the store in its place, lists every version it keeps and does not keep what it says it deleted.',
  'The clock of the console’s host, for the times above, and the secrecy of its signing key.',
]

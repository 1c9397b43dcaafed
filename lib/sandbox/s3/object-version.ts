export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256' | 'SHA512' | 'MD5'

export interface Checksum {
  algorithm: ChecksumAlgorithm
  /** base64; a composite one ends in `-<parts>` */
  value: string
  type: 'FULL_OBJECT' | 'COMPOSITE'
}

interface StoredPart {
  number: number
  size: number
  checksum?: string
}

export interface Encryption {
  algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  keyArn?: string
  /** The data key's ciphertext, base64: who may not decrypt it may not read the object. */
  dataKey?: string
  /** What the data key is bound to. */
  context?: Record<string, string>
  bucketKey?: boolean
}

export interface Retention {
  mode: 'GOVERNANCE' | 'COMPLIANCE'
  /** Milliseconds. */
  until: number
}

/** One version of one object, as its bucket's index keeps it. */
export interface ObjectVersion {
  key: string
  /** `null` while the bucket has no versioning. */
  versionId: string
  deleteMarker?: true
  /** Hex, without quotes. */
  etag: string
  /** Bytes. */
  size: number
  /** Milliseconds. */
  modified: number
  /** In `objects/`, in order; a multipart object has one for each part. */
  files: { name: string; size: number }[]
  /** content-type, cache-control, … and x-amz-meta-…, lower case. */
  headers: Record<string, string>
  storageClass: string
  checksum?: Checksum
  parts?: StoredPart[]
  encryption: Encryption
  retention?: Retention
  legalHold?: boolean
  tags?: Record<string, string>
}

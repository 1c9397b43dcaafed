/** What a backup's row says of what is in the bucket; anything else there is refused. */
export interface PinnedBackup {
  readonly id: string
  readonly method: string
  readonly keyIds: readonly string[]
  readonly generation: number
  readonly envelopeSha256: string | null
  readonly manifestSha256: string | null
  /** While its keys are being exchanged: what takes the envelope's place. */
  readonly nextEnvelopeSha256: string | null
  readonly nextKeyIds: readonly string[]
}

export type KmsAction = 'kms:DescribeKey' | 'kms:Encrypt' | 'kms:Decrypt'

/** What each is called in a sentence. */
export const actionNames: Readonly<Record<KmsAction, string>> = {
  'kms:DescribeKey': 'DescribeKey',
  'kms:Encrypt': 'Encrypt',
  'kms:Decrypt': 'Decrypt',
}

/** What follows when it fails. */
export const consequences: Readonly<Record<KmsAction, string>> = {
  'kms:DescribeKey': 'Without it nobody can tell whether this key is safe to depend on.',
  'kms:Encrypt': 'No backup could be made under this key.',
  'kms:Decrypt': 'Backups could be written and never read again.',
}

/** What is known when a call fails: it makes the sentences exact and the remedy ready to paste. */
export interface KmsSituation {
  /** As typed, or its ARN once known. */
  readonly keyArn: string
  readonly region: string
  /** From STS; unknown when STS did not answer. */
  readonly callerArn: string | undefined
  readonly installation: string
  readonly environment: string
  /** What shows the policies that a fix speaks of, as a sentence, where only its words are kept. */
  readonly shownBy?: string
  /** Where the credentials come from, as a sentence. */
  readonly whose?: string | undefined
}

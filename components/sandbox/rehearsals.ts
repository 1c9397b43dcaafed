import type { RehearsalKind } from '#lib/sandbox/schema.ts'

interface RehearsalWords {
  readonly title: string
  /** What is broken. */
  readonly what: string
  /** What the console is expected to do. */
  readonly expect: string
  readonly about: 'key' | 'bucket' | 'everything'
}

export const rehearsalWords: Readonly<Record<RehearsalKind, RehearsalWords>> = {
  'key-disabled': {
    title: 'Key disabled',
    what: 'Somebody disables the key.',
    expect:
      'Test key fails with “The key is disabled” and the command that enables it. Backups and restores under the key fail and say why.',
    about: 'key',
  },
  'key-pending-deletion': {
    title: 'Key scheduled for deletion',
    what: 'Somebody schedules the deletion of the key.',
    expect: 'Test key names the day on which the key will be gone, and the command that cancels it. Nothing is saved.',
    about: 'key',
  },
  'without-describe-key': {
    title: 'Permission kms:DescribeKey removed',
    what: 'The IAM policy of the console no longer allows it on the key.',
    expect: 'Test key says which permission is missing and prints the policy that grants it.',
    about: 'key',
  },
  'without-encrypt': {
    title: 'Permission kms:Encrypt removed',
    what: 'The IAM policy of the console no longer allows it on the key.',
    expect: 'Test key prints the missing policy. New backups fail before any data is written; old ones still restore.',
    about: 'key',
  },
  'without-decrypt': {
    title: 'Permission kms:Decrypt removed',
    what: 'The IAM policy of the console no longer allows it on the key.',
    expect:
      'Test key prints the missing policy, because backups could be written and never read again. Restores fail and say why.',
    about: 'key',
  },
  'kms-throttled': {
    title: 'KMS throttled',
    what: 'Every call to KMS is answered with ThrottlingException.',
    expect:
      'After trying again, Test key says that this account calls too often. A running backup keeps trying for a while.',
    about: 'everything',
  },
  'kms-down': {
    title: 'KMS down',
    what: 'KMS answers 503 to every call.',
    expect: 'Test key says that KMS could not be reached, and blames neither the key nor its policy.',
    about: 'everything',
  },
  'bucket-gone': {
    title: 'Bucket gone',
    what: 'The bucket no longer exists. What is in it comes back when the rehearsal ends.',
    expect: 'Test key proves the key and fails on the bucket: “There is no such bucket”. Backups and restores fail.',
    about: 'bucket',
  },
  'slow-network': {
    title: 'Slow network',
    what: 'Every answer of KMS, STS and S3 comes a second late.',
    expect: 'Everything works, later. Test key shows how long each check took; a backup shows its lower rate.',
    about: 'everything',
  },
}

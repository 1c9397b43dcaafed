import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { commandRemedy } from '#lib/aws/fixes/commands.ts'
import { word } from '#lib/aws/fixes/shell.ts'

// What a key's state means and how it is mended: AWS KMS developer guide, "Key states of AWS KMS keys". Told by
// DescribeKey and, in other words, by the calls that fail for it.

const enable = (key: string, region: string) => `aws kms enable-key --region ${region} --key-id ${word(key)}`

export function disabled(key: string, region: string): Diagnosis {
  return {
    title: 'The key is disabled',
    detail: 'A disabled key neither encrypts nor decrypts: no backup could be made or read.',
    cause:
      'Somebody who administers the key disabled it, or its deletion was cancelled and it was not enabled afterwards.',
    who: 'key',
    fix: 'Enable the key, wait a minute, and check again.',
    remedies: [commandRemedy('By an administrator of the key.', enable(key, region))],
  }
}

export function pendingDeletion(key: string, region: string, on: Date | undefined): Diagnosis {
  const when = on ? ` on ${on.toISOString().slice(0, 10)}` : ''
  return {
    title: 'The key is scheduled for deletion',
    detail: `The key will be deleted${when}. After that nobody, AWS included, can open anything encrypted under it.`,
    cause: 'Somebody who administers the key scheduled its deletion.',
    who: 'key',
    fix: 'If that was a mistake, cancel the deletion and enable the key. Otherwise choose another key.',
    remedies: [
      commandRemedy(
        'By an administrator of the key, before its waiting period ends.',
        `aws kms cancel-key-deletion --region ${region} --key-id ${word(key)}`,
        enable(key, region),
      ),
    ],
  }
}

export function pendingImport(key: string): Diagnosis {
  return {
    title: 'The key has no key material',
    detail: `${key} waits for its key material to be imported (origin EXTERNAL).`,
    cause: 'The imported material was never uploaded, was deleted, or has expired.',
    who: 'key',
    fix: 'Import the same key material again in KMS > Customer managed keys > Key material, then check again.',
  }
}

export function unavailable(): Diagnosis {
  return {
    title: 'The key store of this key is not connected',
    detail: 'KMS knows the key but cannot reach its material: no backup could be made or read.',
    cause: 'The key lives in a custom key store (CloudHSM or external) that is disconnected.',
    who: 'key',
    fix: 'Reconnect the custom key store in KMS > Custom key stores, then check again.',
  }
}

export function notReady(state: string): Diagnosis {
  return {
    title: 'The key is not ready',
    detail: `Its state is ${state}.`,
    cause: 'KMS is still making or copying this key. Only a key in state Enabled encrypts and decrypts.',
    who: 'wait',
    fix: 'Wait until KMS shows it as enabled, then check again.',
  }
}

export function wrongUsage(message: string): Diagnosis {
  return {
    title: 'The key is of the wrong kind',
    detail: message || 'This key cannot encrypt and decrypt small keys with an encryption context.',
    cause:
      'Backups need a symmetric key (SYMMETRIC_DEFAULT) for encrypting and decrypting. RSA, ECC and HMAC keys have no encryption context.',
    who: 'settings',
    fix: 'Create a key with key type “Symmetric” and key usage “Encrypt and decrypt”. The kind of a key can never be changed.',
  }
}

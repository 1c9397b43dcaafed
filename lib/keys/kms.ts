import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  type KeyMetadata,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { AppError } from '#lib/errors.ts'
import type { KeyContext } from '#lib/keys/key-wrapper.ts'

/** The three KMS calls that the console needs: kms:DescribeKey, kms:Encrypt, kms:Decrypt. They throw the SDK's own errors. */
export interface Kms {
  describe(key: string): Promise<Answer<{ metadata: KeyMetadata }>>
  encrypt(
    key: string,
    plaintext: Uint8Array,
    context: KeyContext,
  ): Promise<Answer<{ keyArn: string; ciphertext: Uint8Array }>>
  /** Always names the key: without it KMS would use whatever key the ciphertext names. */
  decrypt(
    key: string,
    ciphertext: Uint8Array,
    context: KeyContext,
  ): Promise<Answer<{ keyArn: string; plaintext: Uint8Array }>>
}
type Answer<T> = T & { readonly requestId: string | undefined }

export function kmsOf(client: KMSClient): Kms {
  return {
    async describe(key) {
      const { KeyMetadata, $metadata } = await client.send(new DescribeKeyCommand({ KeyId: key }))
      return { metadata: given(KeyMetadata, 'DescribeKey', 'KeyMetadata'), requestId: $metadata.requestId }
    },
    async encrypt(key, plaintext, context) {
      const answer = await client.send(
        new EncryptCommand({ KeyId: key, Plaintext: plaintext, EncryptionContext: context }),
      )
      return {
        keyArn: given(answer.KeyId, 'Encrypt', 'KeyId'),
        ciphertext: given(answer.CiphertextBlob, 'Encrypt', 'CiphertextBlob'),
        requestId: answer.$metadata.requestId,
      }
    },
    async decrypt(key, ciphertext, context) {
      const answer = await client.send(
        new DecryptCommand({ KeyId: key, CiphertextBlob: ciphertext, EncryptionContext: context }),
      )
      return {
        keyArn: given(answer.KeyId, 'Decrypt', 'KeyId'),
        plaintext: given(answer.Plaintext, 'Decrypt', 'Plaintext'),
        requestId: answer.$metadata.requestId,
      }
    },
  }
}

function given<T>(value: T | undefined, operation: string, member: string): T {
  if (value === undefined)
    throw new AppError('integrity', `KMS answered ${operation} without ${member}. What answered is not AWS KMS.`)
  return value
}

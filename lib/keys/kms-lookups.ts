import {
  DecryptCommand,
  GetKeyLastUsageCommand,
  GetKeyRotationStatusCommand,
  type KMSClient,
  ListAliasesCommand,
} from '@aws-sdk/client-kms'
import type { KeyContext } from './key-wrapper.ts'

/** KMS calls that no backup needs: they make a report richer. They throw the SDK's own errors. */
export interface KmsLookups {
  /** @param keyArn or key ID: these two take no alias */
  rotation(
    keyArn: string,
  ): Promise<{ on: boolean; periodDays: number | undefined; next: Date | undefined; requestId: string | undefined }>
  /** `used` undefined: not since `since`, when AWS began to keep track. Only for keys of the caller's account. */
  lastUse(keyArn: string): Promise<{
    used: { operation: string; at: Date } | undefined
    since: Date | undefined
    requestId: string | undefined
  }>
  /** The names of the first 100 aliases that point to it. Only for keys of the caller's account. */
  aliases(keyArn: string): Promise<string[]>
  /** Always rejects: with DryRunOperationException where Decrypt would be allowed (AWS KMS developer guide, "Testing permissions"). */
  mayDecrypt(key: string, context: KeyContext): Promise<void>
}

export function kmsLookupsOf(client: KMSClient): KmsLookups {
  return {
    async rotation(keyArn) {
      const answer = await client.send(new GetKeyRotationStatusCommand({ KeyId: keyArn }))
      return {
        on: answer.KeyRotationEnabled ?? false,
        periodDays: answer.RotationPeriodInDays,
        next: answer.NextRotationDate,
        requestId: answer.$metadata.requestId,
      }
    },
    async lastUse(keyArn) {
      const answer = await client.send(new GetKeyLastUsageCommand({ KeyId: keyArn }))
      const { Operation, Timestamp } = answer.KeyLastUsage ?? {}
      return {
        used: Timestamp && { operation: Operation ?? 'used', at: Timestamp },
        since: answer.TrackingStartDate,
        requestId: answer.$metadata.requestId,
      }
    },
    async aliases(keyArn) {
      const { Aliases = [] } = await client.send(new ListAliasesCommand({ KeyId: keyArn, Limit: 100 }))
      return Aliases.flatMap(({ AliasName }) => AliasName ?? [])
    },
    async mayDecrypt(key, context) {
      await client.send(
        new DecryptCommand({
          KeyId: key,
          EncryptionContext: { ...context },
          DryRun: true,
          DryRunModifiers: ['IGNORE_CIPHERTEXT'],
        }),
      )
    },
  }
}

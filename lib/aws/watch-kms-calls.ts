import type { KMSClient } from '@aws-sdk/client-kms'
import { type AwsFault, faultOf } from './fault.ts'

/** One call of KMS that has ended. */
export interface KmsCall {
  /** `Encrypt`, `DescribeKey` … */
  readonly operation: string
  /** As it was asked for; the key ARN where the answer told. Empty where a call names no key. */
  readonly key: string
  /** How many requests KMS answered: a retry is one more. */
  readonly requests: number
  /** Undefined: it succeeded. */
  readonly fault: AwsFault | undefined
}
export type OnKmsCall = (call: KmsCall) => void

/** Hears of every call that a client makes, after its retries. */
export function watchKmsCalls(client: KMSClient, tell: OnKmsCall): void {
  const answered = new WeakMap<object, number>()
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const asked = textIn(args.input, 'KeyId')
      const end = (key: string, fault: AwsFault | undefined) =>
        tell({ operation: operationOf(context.commandName), key, requests: answered.get(context) ?? 0, fault })
      try {
        const result = await next(args)
        const { output } = result
        end(textIn(Object(output).KeyMetadata, 'Arn') || arnIn(output) || asked, undefined)
        return result
      } catch (error) {
        end(asked, faultOf(error))
        throw error
      }
    },
    { step: 'initialize', priority: 'high', name: 'tellKmsCall' },
  )
  // Innermost: once for each request, and only where an answer came.
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args)
      answered.set(context, (answered.get(context) ?? 0) + 1)
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'countKmsAnswer' },
  )
}

const operationOf = (commandName: string | undefined) => (commandName ?? 'Unknown').replace(/Command$/, '')
/** Encrypt and Decrypt answer with the key’s ARN; GetKeyRotationStatus with what it was asked for. */
const arnIn = (output: unknown) => (textIn(output, 'KeyId').startsWith('arn:') ? textIn(output, 'KeyId') : '')

function textIn(value: unknown, name: string): string {
  const found: unknown = Object(value)[name]
  return typeof found === 'string' ? found : ''
}

import { type Diagnosis, fixAlone } from '#lib/aws/diagnosis.ts'
import { isKeyStoreCiphertext, isKeyStoreFault } from '#lib/aws/external-key-store.ts'
import { type AwsFault, faultOf } from '#lib/aws/fault.ts'
import { AppError } from '#lib/errors.ts'
import { diagnoseKms } from './diagnose-kms.ts'
import { isOfSts } from './diagnose-sts.ts'
import type { KeyWrapper } from './key-wrapper.ts'
import type { Kms } from './kms.ts'
import type { KmsAction, KmsSituation } from './kms-situation.ts'

/**
 * Wraps keys under a customer's KMS key.
 * @param situation what an error message should be able to name; `keyArn` is the resolved key ARN, never an alias
 */
export function kmsKeyWrapper(kms: Kms, situation: KmsSituation & { readonly keyArn: string }): KeyWrapper {
  const { keyArn } = situation
  return {
    async wrap(key, context) {
      const answer = await call('kms:Encrypt', situation, () => kms.encrypt(keyArn, key, context))
      mustBe(keyArn, answer.keyArn, 'Encrypt')
      return { keyId: answer.keyArn, ciphertext: answer.ciphertext }
    },
    async unwrap(wrapped, context) {
      mustBe(keyArn, wrapped.keyId, 'the envelope')
      const answer = await call('kms:Decrypt', situation, () => kms.decrypt(keyArn, wrapped.ciphertext, context))
      mustBe(keyArn, answer.keyArn, 'Decrypt')
      return answer.plaintext
    },
  }
}

/** The ARN of the key that a key ID, ARN or alias stands for now. Throws AppError with the diagnosis. */
export async function describeKeyArn(kms: Kms, situation: KmsSituation): Promise<string> {
  const { metadata } = await call('kms:DescribeKey', situation, () => kms.describe(situation.keyArn))
  if (!metadata.Arn)
    throw new AppError('integrity', 'KMS answered DescribeKey without an ARN. What answered is not AWS KMS.')
  return metadata.Arn
}

async function call<T>(action: KmsAction, situation: KmsSituation, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof AppError) throw error
    const fault = faultOf(error)
    const diagnosis = diagnoseKms(fault, action, situation)
    const fix = fixAlone(diagnosis, action, situation)
    const code = isDamage(fault) ? 'integrity' : fault.kind === 'refused' ? 'denied' : fault.kind
    const isOfKey = (fault.kind === 'refused' && !isOfSts(fault)) || isKeyStoreFault(fault.code, fault.message)
    const message = isOfKey ? namingKey(diagnosis, fix, situation.keyArn) : textOf(diagnosis)
    throw new AppError(code, message, { cause: error, fix, remedies: diagnosis.remedies })
  }
}

/** Of several keys a text that stands alone must say which: a report shows that beside it. */
function namingKey(diagnosis: Diagnosis, fix: string, key: string): string {
  const { who } = diagnosis
  const message = textOf(diagnosis)
  const isOfAll = who === 'credentials' || who === 'network' || who === 'clock' || who === 'settings'
  return !isOfAll && !`${message} ${fix}`.includes(key) ? `${message} It is the key ${key}.` : message
}

function textOf({ title, detail, cause }: Diagnosis): string {
  return `${title}. ${detail} ${cause}`
}

function isDamage({ code, message }: AwsFault): boolean {
  return (
    code === 'InvalidCiphertextException' || code === 'IncorrectKeyException' || isKeyStoreCiphertext(code, message)
  )
}

function mustBe(expected: string, actual: string, where: string): void {
  if (actual !== expected)
    throw new AppError('integrity', `${where} names the key ${actual}, but ${expected} was expected.`)
}

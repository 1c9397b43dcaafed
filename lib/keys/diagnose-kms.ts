import { credentialHelp, type Diagnosis } from '#lib/aws/diagnosis.ts'
import { isKeyStoreCiphertext, isKeyStoreFault, keyStoreRefused } from '#lib/aws/external-key-store.ts'
import { type AwsFault, isClockSkew, isCredentialFault, isOnTheWay } from '#lib/aws/fault.ts'
import { unreachable } from '#lib/aws/unreachable.ts'
import { diagnoseSts, isOfSts } from './diagnose-sts.ts'
import { disabled, notReady, pendingDeletion, pendingImport, unavailable, wrongUsage } from './key-states.ts'
import { kmsRefused } from './kms-refused.ts'
import { actionNames, consequences, type KmsAction, type KmsSituation } from './kms-situation.ts'

/**
 * One cause and one fix for one failed KMS call. Facts: AWS KMS developer guide, "Key states of AWS KMS keys";
 * IAM user guide, "Troubleshoot access denied error messages". An error that is not known is shown whole, never guessed.
 */
export function diagnoseKms(fault: AwsFault, action: KmsAction, situation: KmsSituation): Diagnosis {
  const { region } = situation
  if (isClockSkew(fault.code, fault.message)) return credentialHelp('RequestTimeTooSkewed', fault.message)
  if (isCredentialFault(fault))
    return credentialHelp(fault.code, fault.message, { region, known: situation.callerArn !== undefined })
  if (isOnTheWay(fault)) return unreachable(fault, `AWS KMS in ${region}`)
  if (isOfSts(fault)) return diagnoseSts(fault, undefined, region)
  if (fault.code === 'AccessDeniedException' || fault.code === 'AccessDenied')
    return kmsRefused(fault, action, situation)
  if (isKeyStoreCiphertext(fault.code, fault.message)) return ciphertextRefused(situation.keyArn)
  if (isKeyStoreFault(fault.code, fault.message)) return keyStoreRefused(fault.message, actionNames[action])
  return ofKey(fault, situation) ?? ofCall(fault, action, situation) ?? unknown(fault, actionNames[action], action)
}

/** What is the matter with the key itself. */
function ofKey({ code, message }: AwsFault, { keyArn, region }: KmsSituation): Diagnosis | undefined {
  // What mends the state of a key takes no alias.
  const key = /^(?<arn>arn:\S+:key\/\S+) is /.exec(message)?.groups?.arn ?? keyArn
  switch (code) {
    case 'NotFoundException':
      return notFound(message, key, region)
    case 'DisabledException':
      return /pending deletion/i.test(message) ? pendingDeletion(key, region, undefined) : disabled(key, region)
    case 'KMSInvalidStateException':
      if (/pending (replica )?deletion/i.test(message)) return pendingDeletion(key, region, undefined)
      if (/pending import/i.test(message)) return pendingImport(key)
      if (/unavailable/i.test(message)) return unavailable()
      if (/is (creating|updating)\./i.test(message))
        return notReady(/creating/i.test(message) ? 'Creating' : 'Updating')
      return undefined
    case 'InvalidKeyUsageException':
      return wrongUsage(message)
    default:
      return undefined
  }
}

function notFound(message: string, key: string, region: string): Diagnosis {
  const elsewhere = /^Invalid arn (?<region>\S+)/.exec(message)?.groups?.region
  if (elsewhere) {
    return {
      title: 'The key is in another Region',
      detail: `The key is in ${elsewhere}, and KMS was asked in ${region}.`,
      cause: 'A KMS key exists in one Region only, unless it is a multi-Region key with a replica.',
      who: 'settings',
      fix: `Choose the Region ${elsewhere}, or a key that is in ${region}.`,
    }
  }
  if (/alias/i.test(key)) {
    return {
      title: 'No such alias',
      detail: `There is no alias ${key} in ${region} in the account of these credentials.`,
      cause: 'The alias was deleted, is spelled differently, or exists in another Region or account.',
      who: 'settings',
      fix: 'Look it up in KMS > Customer managed keys in that Region, or enter the key ARN instead.',
    }
  }
  if (/^Invalid keyId/.test(message)) {
    return {
      title: 'This is not a key ID',
      detail: `KMS does not take ${key} for the ID of a key.`,
      cause: 'Characters of the key ID are missing, or it is the ID of something else.',
      who: 'settings',
      fix: 'Copy the key ARN from KMS > Customer managed keys.',
    }
  }
  if (/(^|\/)mrk-/.test(key)) {
    return {
      title: 'The multi-Region key is not in this Region',
      detail: `There is no primary and no replica of ${key} in ${region} in the account of these credentials.`,
      cause: 'A multi-Region key is only in the Regions to which it was replicated.',
      who: 'key',
      fix: `Replicate it to ${region} in KMS > the key > Regionality, or choose a Region where it is.`,
    }
  }
  return {
    title: 'No such key',
    detail: `There is no key ${key} in ${region} in the account of these credentials.`,
    cause: 'The key is in another Region or account, or it was deleted after its waiting period.',
    who: 'settings',
    fix: 'Copy the key ARN from KMS > Customer managed keys. A key of another account needs its full ARN.',
  }
}

/** What is the matter with the call. */
function ofCall({ code, message }: AwsFault, action: KmsAction, situation: KmsSituation): Diagnosis | undefined {
  const { keyArn: key, region } = situation
  const name = actionNames[action]
  switch (code) {
    case 'IncorrectKeyException':
      return {
        title: 'The ciphertext belongs to another key',
        detail: `${name} was asked to use ${key}, but the ciphertext was made by a different key.`,
        cause: 'KMS returned or was given a ciphertext of another key.',
        who: 'network',
        fix: 'Check that nothing between this console and KMS rewrites requests, then check again.',
      }
    case 'InvalidCiphertextException':
      return ciphertextRefused(key)
    case 'InvalidArnException':
      return {
        title: 'This is not the ARN of a key',
        detail: `KMS does not take ${key} for the ARN of a key or an alias.`,
        cause: message || 'The ARN is incomplete, or names something else.',
        who: 'settings',
        fix: 'Copy the key ARN from KMS > Customer managed keys.',
      }
    case 'OptInRequired':
    case 'RegionDisabledException':
      return {
        title: `The account does not use ${region}`,
        detail: `AWS refused ${name}, because this account has not turned on the Region or the service. ${consequences[action]}`,
        cause:
          message || 'Regions opened after March 2019 are off until an administrator of the account turns them on.',
        who: 'account',
        fix: `Turn on ${region} in Account > AWS Regions, wait some minutes, and check again; or choose a Region that is on.`,
      }
    default:
      return undefined
  }
}

function ciphertextRefused(key: string): Diagnosis {
  return {
    title: 'The ciphertext does not open',
    detail: `KMS refused to open the ciphertext with ${key}.`,
    cause:
      'Either the ciphertext is damaged, or the encryption context differs from the one it was made with. KMS does not say which.',
    who: 'bucket',
    fix: 'If this is a backup, its envelope was changed or belongs to another environment: restore the envelope object’s earlier version.',
  }
}

function unknown({ code, message }: AwsFault, name: string, action: KmsAction): Diagnosis {
  return {
    title: `${name} failed`,
    detail: `AWS answered ${code}${message ? `: ${message}` : ', with no message'}. ${consequences[action]}`,
    cause: 'This answer is not one this console knows, so it does not guess.',
    fix: 'Look the code up in the AWS KMS API reference. AWS Support finds this call by its request ID.',
  }
}

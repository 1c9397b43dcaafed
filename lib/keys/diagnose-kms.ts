import { policyPrincipal, readDenial } from '#lib/aws/denial.ts'
import { credentialHelp, type Diagnosis, unreachable } from '#lib/aws/diagnosis.ts'
import { type AwsFault, isClockSkew, isCredentialFault } from '#lib/aws/fault.ts'

export type KmsAction = 'kms:DescribeKey' | 'kms:Encrypt' | 'kms:Decrypt'

/** What is known when a call fails: it makes the sentences exact and the remedy ready to paste. */
export interface KmsSituation {
  /** As typed, or its ARN once known. */
  readonly keyArn: string
  readonly region: string
  /** From STS; unknown when STS did not answer. */
  readonly callerArn: string | undefined
  readonly installation: string
  readonly environment: string
}

const names: Record<KmsAction, string> = {
  'kms:DescribeKey': 'DescribeKey',
  'kms:Encrypt': 'Encrypt',
  'kms:Decrypt': 'Decrypt',
}

const consequences: Record<KmsAction, string> = {
  'kms:DescribeKey': 'Without it nobody can tell whether this key is safe to depend on.',
  'kms:Encrypt': 'No backup could be made under this key.',
  'kms:Decrypt': 'Backups could be written and never read again.',
}

/**
 * One cause and one fix for one failed KMS call. Facts: AWS KMS developer guide, "Key states of AWS KMS keys";
 * IAM user guide, "Troubleshoot access denied error messages". An error that is not known is shown whole, never guessed.
 */
export function diagnoseKms(fault: AwsFault, action: KmsAction, situation: KmsSituation): Diagnosis {
  const { keyArn: key, region } = situation
  const name = names[action]
  const consequence = consequences[action]
  if (isClockSkew(fault.code, fault.message)) return credentialHelp('RequestTimeTooSkewed', fault.message)
  if (isCredentialFault(fault)) return credentialHelp(fault.code, fault.message)
  if (fault.kind === 'unreachable') return unreachable(fault, `AWS KMS in ${region}`)

  switch (fault.code) {
    case 'NotFoundException': {
      const elsewhere = /^Invalid arn (?<region>\S+)/.exec(fault.message)?.groups?.region
      if (elsewhere) {
        return {
          title: 'The key is in another Region',
          detail: `The key is in ${elsewhere}, and KMS was asked in ${region}.`,
          cause: 'A KMS key exists in one Region only, unless it is a multi-Region key with a replica.',
          fix: `Choose the Region ${elsewhere}, or a key that is in ${region}.`,
        }
      }
      if (/alias/i.test(key)) {
        return {
          title: 'No such alias',
          detail: `There is no alias ${key} in ${region} in the account of these credentials.`,
          cause: 'The alias was deleted, is spelled differently, or exists in another Region or account.',
          fix: 'Look it up in KMS > Customer managed keys in that Region, or enter the key ARN instead.',
        }
      }
      return {
        title: 'No such key',
        detail: `There is no key ${key} in ${region} in the account of these credentials.`,
        cause:
          'The key ID is not complete, the key is in another Region or account, or it was deleted after its waiting period.',
        fix: 'Copy the key ARN from KMS > Customer managed keys. A key of another account needs its full ARN.',
      }
    }
    case 'DisabledException':
      if (!/pending deletion/i.test(fault.message)) return disabled(key, region)
      return pendingDeletion(key, region, undefined)
    case 'KMSInvalidStateException':
      if (/pending (replica )?deletion/i.test(fault.message)) return pendingDeletion(key, region, undefined)
      if (/pending import/i.test(fault.message)) return pendingImport(key)
      if (/unavailable/i.test(fault.message)) {
        return {
          title: 'The key store of this key is not connected',
          detail: `${name} failed because KMS cannot reach the key material. ${consequence}`,
          cause: 'The key lives in a custom key store (CloudHSM or external) that is disconnected.',
          fix: 'Reconnect the custom key store in KMS > Custom key stores, then check again.',
        }
      }
      break
    case 'InvalidKeyUsageException':
      return wrongUsage(fault.message)
    case 'AccessDeniedException':
    case 'AccessDenied':
      return denied(fault, action, situation)
    case 'IncorrectKeyException':
      return {
        title: 'The ciphertext belongs to another key',
        detail: `${name} was asked to use ${key}, but the ciphertext was made by a different key.`,
        cause: 'KMS returned or was given a ciphertext of another key.',
        fix: 'Check that nothing between this console and KMS rewrites requests, then check again.',
      }
    case 'InvalidCiphertextException':
      return {
        title: 'The ciphertext does not open',
        detail: `KMS refused to open the ciphertext with ${key}.`,
        cause:
          'Either the ciphertext is damaged, or the encryption context differs from the one it was made with. KMS does not say which.',
        fix: 'If this is a backup, its envelope was changed or belongs to another environment: restore the envelope object’s earlier version.',
      }
  }
  return {
    title: `${name} failed`,
    detail: `AWS answered ${fault.code}${fault.message ? `: ${fault.message}` : ', with no message'}. ${consequence}`,
    cause: 'This answer is not one this console knows, so it does not guess.',
    fix: 'Look the code up in the AWS KMS API reference. The request ID below lets AWS Support find this call.',
  }
}

export function disabled(key: string, region: string): Diagnosis {
  return {
    title: 'The key is disabled',
    detail: 'A disabled key neither encrypts nor decrypts: no backup could be made or read.',
    cause:
      'Somebody who administers the key disabled it, or its deletion was cancelled and it was not enabled afterwards.',
    fix: 'Enable the key, wait a minute, and check again.',
    remedy: { label: 'AWS CLI', text: `aws kms enable-key --region ${region} --key-id ${key}` },
  }
}

export function pendingDeletion(key: string, region: string, on: Date | undefined): Diagnosis {
  const when = on ? ` on ${on.toISOString().slice(0, 10)}` : ''
  return {
    title: 'The key is scheduled for deletion',
    detail: `The key will be deleted${when}. After that nobody, AWS included, can open anything encrypted under it.`,
    cause: 'Somebody who administers the key scheduled its deletion.',
    fix: 'If that was a mistake, cancel the deletion and enable the key. Otherwise choose another key.',
    remedy: {
      label: 'AWS CLI',
      text: `aws kms cancel-key-deletion --region ${region} --key-id ${key}\naws kms enable-key --region ${region} --key-id ${key}`,
    },
  }
}

export function pendingImport(key: string): Diagnosis {
  return {
    title: 'The key has no key material',
    detail: `${key} waits for its key material to be imported (origin EXTERNAL).`,
    cause: 'The imported material was never uploaded, was deleted, or has expired.',
    fix: 'Import the same key material again in KMS > Customer managed keys > Key material, then check again.',
  }
}

export function wrongUsage(message: string): Diagnosis {
  return {
    title: 'The key is of the wrong kind',
    detail: message || 'This key cannot encrypt and decrypt small keys with an encryption context.',
    cause:
      'Backups need a symmetric key (SYMMETRIC_DEFAULT) for encrypting and decrypting. RSA, ECC and HMAC keys have no encryption context.',
    fix: 'Create a key with key type “Symmetric” and key usage “Encrypt and decrypt”. The kind of a key can never be changed.',
  }
}

function denied(fault: AwsFault, action: KmsAction, situation: KmsSituation): Diagnosis {
  const denial = readDenial(fault.message)
  const caller = situation.callerArn ?? denial.principal
  const who = caller ? policyPrincipal(caller) : 'these credentials'
  const name = names[action]
  const detail = consequences[action]
  const verb = denial.explicit ? 'denies' : 'does not allow'
  const principal = caller ? who : 'ARN-OF-YOUR-USER-OR-ROLE'
  const statement = { remedy: { label: 'Key policy', text: keyPolicyStatements(principal, situation) } }
  switch (denial.by) {
    case 'resource-based policy':
      return denial.explicit
        ? {
            title: `${name} was refused by the key policy`,
            detail,
            cause: `A Deny statement in the policy of this key covers ${action} for ${who}.`,
            fix: `Whoever administers the key removes that Deny, or excepts ${who} from it. An Allow cannot overrule a Deny.`,
          }
        : {
            title: `${name} was refused by the key policy`,
            detail,
            cause: `The policy of this key ${verb} ${action} to ${who}.`,
            fix: 'Whoever administers the key adds these statements to its key policy.',
            ...statement,
          }
    case 'identity-based policy':
      return denial.explicit
        ? {
            title: `${name} was refused by an IAM policy`,
            detail,
            cause: `A Deny statement in an IAM policy of ${who} covers ${action}.`,
            fix: 'Whoever administers IAM in that account removes the Deny or narrows it.',
          }
        : {
            title: `${name} is not allowed by any IAM policy`,
            detail,
            cause: `The key policy leaves it to IAM, and no IAM policy of ${who} allows ${action} on this key.`,
            fix: 'Add this IAM policy to that user or role (or the statements to the key policy).',
            remedy: { label: 'IAM policy', text: iamPolicy(denial.resource ?? situation.keyArn, situation) },
          }
    case 'unknown in this account':
      return {
        title: `${name} was refused: the key is of another account, or not shared`,
        detail,
        cause: `KMS does not say which: the key does not exist in ${situation.region}, or its policy does not allow ${who}.`,
        fix: 'Check the ARN. If the key belongs to another account, its owner adds these statements to the key policy, and your account allows the same actions in IAM.',
        ...statement,
      }
    case 'service control policy':
    case 'resource control policy':
      return {
        title: `${name} was refused by your organization`,
        detail,
        cause: `A ${denial.by} ${verb} ${action}.`,
        fix: 'An administrator of the AWS organization changes that policy. No key or IAM policy can overrule it.',
      }
    case 'VPC endpoint policy':
      return {
        title: `${name} was refused by the VPC endpoint`,
        detail,
        cause: `The policy of the VPC endpoint that the request went through ${verb} ${action}.`,
        fix: 'Whoever administers the network allows this action in the VPC endpoint policy.',
      }
    case 'permissions boundary':
    case 'session policy':
    case 'role trust policy':
      return {
        title: `${name} was refused by a ${denial.by}`,
        detail,
        cause: `A ${denial.by} of ${who} ${verb} ${action}.`,
        fix: `Whoever set that ${denial.by} allows ${action} in it.`,
      }
    case 'not told':
      return {
        title: `${name} was refused`,
        detail,
        cause: `AWS did not say which policy: ${fault.message || fault.code}`,
        fix: `Check, in this order: the key policy, the IAM policies of ${who}, its permissions boundary, and the organization’s policies.`,
        ...statement,
      }
  }
}

/** Least privilege: DescribeKey apart, because it has no encryption context to put a condition on. */
export function keyPolicyStatements(principal: string, { installation, environment }: KmsSituation): string {
  const by = { Effect: 'Allow', Principal: { AWS: principal } }
  return JSON.stringify(
    [
      { Sid: 'VaultConsoleDescribe', ...by, Action: 'kms:DescribeKey', Resource: '*' },
      {
        Sid: 'VaultConsoleBackups',
        ...by,
        Action: ['kms:Encrypt', 'kms:Decrypt'],
        Resource: '*',
        Condition: contextCondition(installation, environment),
      },
    ],
    null,
    2,
  )
}

/** @param keyArn the key's own ARN: IAM takes no alias and no key ID as the resource of Encrypt and Decrypt */
function iamPolicy(keyArn: string, { installation, environment }: KmsSituation): string {
  const on = { Effect: 'Allow', Resource: keyArn }
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'VaultConsoleDescribe', ...on, Action: 'kms:DescribeKey' },
        {
          Sid: 'VaultConsoleBackups',
          ...on,
          Action: ['kms:Encrypt', 'kms:Decrypt'],
          Condition: contextCondition(installation, environment),
        },
      ],
    },
    null,
    2,
  )
}

function contextCondition(installation: string, environment: string) {
  return {
    StringEquals: {
      'kms:EncryptionContext:installation': installation,
      'kms:EncryptionContext:environment': environment,
    },
  }
}

import { aboutPrincipal, type Denial, policyPrincipal, readDenial } from '#lib/aws/denial.ts'
import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import type { AwsFault } from '#lib/aws/fault.ts'
import { denySomewhere, refusedFromAbove, withDecision } from '#lib/aws/refused.ts'
import { findRegion } from '#lib/aws/schema.ts'
import { iamPolicyFor, keyPolicyFor } from './key-policies.ts'
import { actionNames, consequences, type KmsAction, type KmsSituation } from './kms-situation.ts'
import { parseKeyIdentifier } from './schema.ts'

/** Access denied by KMS: which policy it was, in AWS's own words, and the change that lets the call through. */
export function kmsRefused(fault: AwsFault, action: KmsAction, situation: KmsSituation): Diagnosis {
  const denial = readDenial(fault.message)
  return withDecision(denial, told(denial, fault, action, situation))
}

function told(denial: Denial, fault: AwsFault, action: KmsAction, situation: KmsSituation): Diagnosis {
  const caller = situation.callerArn ?? denial.principal
  const principal = caller ? policyPrincipal(caller) : undefined
  const who = principal ?? 'these credentials'
  const name = actionNames[action]
  const detail = consequences[action]
  // A refusal names the key's own ARN, unless the key is of another account.
  const place = { ...situation, keyArn: denial.resource ?? ownArn(situation, caller) }
  const plainPolicy = keyPolicyFor(principal ?? 'ARN-OF-YOUR-USER-OR-ROLE', place)
  const toFillIn = place.keyArn.endsWith(placeholder) ? ` Write the ID of the key in place of ${placeholder}.` : ''
  const keyPolicy = { ...plainPolicy, note: `${plainPolicy.note}${aboutPrincipal(caller)}${toFillIn}` }
  const plainIamPolicy = iamPolicyFor(principal, place.keyArn, place)
  const iamPolicy = { ...plainIamPolicy, note: `${plainIamPolicy.note}${toFillIn}` }
  const fromAbove = refusedFromAbove(denial, { what: name, action, who, detail })
  if (fromAbove) return fromAbove
  const owner = accountOf(place.keyArn)
  const own = caller && accountOf(caller)
  // Within an account one of the two policies is enough; a key of another account always needs both.
  const foreign = owner !== undefined && own !== undefined && owner !== own
  const bothSides = [
    { ...keyPolicy, note: `In account ${owner ?? 'of the key'}: ${keyPolicy.note}` },
    { ...iamPolicy, note: `In account ${own ?? 'of the caller'}: ${iamPolicy.note}` },
  ]

  switch (denial.by) {
    case 'resource-based policy':
      return denial.explicit
        ? {
            title: `${name} was refused by the key policy`,
            detail,
            cause: `A Deny statement in the policy of this key covers ${action} for ${who}.`,
            who: 'key policy',
            fix: `Whoever administers the key removes that Deny, or excepts ${who} from it. An Allow cannot overrule a Deny. ${aboutConditions(situation)}`,
          }
        : {
            title: `${name} was refused by the key policy`,
            detail,
            cause: `The policy of this key does not allow ${action} to ${who}.`,
            who: 'key policy',
            fix: foreign
              ? `Whoever administers the key in account ${owner} adds the statements to its key policy, and account ${own} adds the IAM policy: for a key of another account both must allow it.`
              : 'Whoever administers the key adds these statements to its key policy.',
            remedies: foreign ? bothSides : [keyPolicy],
          }
    case 'identity-based policy': {
      const named = denial.policyArn ? `the policy ${denial.policyArn}` : `an IAM policy of ${who}`
      return denial.explicit
        ? {
            title: `${name} was refused by an IAM policy`,
            detail,
            cause: `A Deny statement in ${named} covers ${action}.`,
            who: 'IAM policy',
            fix: 'Whoever administers IAM in that account removes the Deny or narrows it.',
          }
        : {
            title: `${name} is not allowed by any IAM policy`,
            detail,
            cause: foreign
              ? `No IAM policy of ${who} allows ${action} on this key, which is of account ${owner}.`
              : `The key policy leaves it to IAM, and no IAM policy of ${who} allows ${action} on this key.`,
            who: 'IAM policy',
            fix: foreign
              ? `Add this IAM policy to ${who}. For a key of another account both sides must allow it: where the key policy does not yet, account ${owner} adds the statements to it.`
              : `Add this IAM policy to ${who}; the statements in the key policy do the same, if you administer the key and not IAM.`,
            remedies: foreign ? bothSides.toReversed() : [iamPolicy, { ...keyPolicy, label: 'Or: key policy' }],
          }
    }
    case 'unknown in this account': {
      const isAlias = /(^|:)alias\//.test(situation.keyArn)
      return {
        title: `${name} was refused: the key is of another account, or not shared`,
        detail,
        cause: `KMS does not tell these apart: the key${isAlias ? ' or its alias' : ''} does not exist in ${situation.region}, or account ${owner ?? 'that owns it'} does not allow ${action} to ${who}.`,
        who: 'key policy',
        fix: `Check the ARN. Then both sides must allow it: the owner of the key adds the statements to its policy, and${own ? ` account ${own}` : ' your account'} adds the IAM policy.`,
        remedies: bothSides,
      }
    }
    default:
      if (denial.explicit) return denySomewhere({ what: name, action, who, detail }, fault.message)
      return {
        title: `${name} was refused`,
        detail,
        cause: `AWS did not say which policy refused it: ${fault.message || fault.code}`,
        fix: `Look for ${action} in CloudTrail, by the request ID: what it refused, and to whom. If nothing denies it, these statements in the key policy allow it.`,
        remedies: [keyPolicy],
      }
  }
}

/** What a Deny of use asks for, mostly: AWS KMS developer guide, "AWS KMS condition keys". */
function aboutConditions({ installation, environment }: KmsSituation): string {
  return `If it has a condition, compare: this console calls KMS itself (no kms:ViaService), with installation=${installation} and environment=${environment} in the encryption context of Encrypt and Decrypt.`
}

const placeholder = 'KEY-ID'

/** PutKeyPolicy takes no alias, and IAM neither that nor a key ID alone (AWS KMS developer guide, "Specifying KMS keys in IAM policy statements"). */
function ownArn({ keyArn, region }: KmsSituation, caller: string | undefined): string {
  const parsed = parseKeyIdentifier(keyArn)
  if (!parsed.ok || parsed.key.kind === 'key-arn') return keyArn
  if (parsed.key.kind === 'alias-arn') return keyArn.replace(/:alias\/.*$/, `:key/${placeholder}`)
  const [, partition = findRegion(region)?.partition ?? 'aws', , , account = 'ACCOUNT'] = caller?.split(':') ?? []
  const id = parsed.key.kind === 'alias' ? placeholder : parsed.key.value
  return `arn:${partition}:kms:${region}:${account}:key/${id}`
}

const accountOf = (arn: string) => /^arn:[^:]+:[^:]*:[^:]*:(?<account>\d{12}):/.exec(arn)?.groups?.account

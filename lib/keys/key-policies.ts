import { principalElement } from '#lib/aws/denial.ts'
import { iamPolicyRemedy } from '#lib/aws/fixes/iam-policy.ts'
import { keyPolicyRemedy } from '#lib/aws/fixes/key-policy.ts'
import { plainName, policyOf, type Statement } from '#lib/aws/fixes/policy.ts'
import type { Remedy } from '#lib/aws/schema.ts'
import type { KmsSituation } from './kms-situation.ts'

type Place = Pick<KmsSituation, 'keyArn' | 'region' | 'installation' | 'environment'>

/** Least privilege. DescribeKey stands apart, because it has no encryption context to put a condition on. */
export function keyStatements(
  { installation, environment }: Pick<Place, 'installation' | 'environment'>,
  to: { readonly principal: string } | { readonly resource: string },
): Statement[] {
  // Statements of another environment on the same key keep their names.
  const own = plainName(environment).slice(0, 8)
  // In a key policy `*` is this key.
  const common = {
    Effect: 'Allow' as const,
    ...('principal' in to ? { Principal: { AWS: principalElement(to.principal) } } : {}),
  }
  const Resource = 'resource' in to ? to.resource : '*'
  return [
    { Sid: `VaultConsoleDescribe${own}`, ...common, Action: 'kms:DescribeKey', Resource },
    {
      Sid: `VaultConsoleBackups${own}`,
      ...common,
      Action: ['kms:Encrypt', 'kms:Decrypt'],
      Resource,
      Condition: {
        StringEquals: {
          'kms:EncryptionContext:installation': installation,
          'kms:EncryptionContext:environment': environment,
        },
      },
    },
  ]
}

export function keyPolicyFor(principal: string, place: Place): Remedy {
  return keyPolicyRemedy(place.keyArn, place.region, keyStatements(place, { principal }))
}

/** @param keyArn the key's own ARN: IAM takes no alias and no key ID as the resource of Encrypt and Decrypt */
export function iamPolicyFor(principal: string | undefined, keyArn: string, place: Place): Remedy {
  const name = `VaultConsoleKey${plainName(keyArn).slice(-8)}`
  return iamPolicyRemedy(principal, name, policyOf(...keyStatements(place, { resource: keyArn })))
}

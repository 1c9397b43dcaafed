import { rootOf } from '../iam/principal.ts'
import type { Key } from './key.ts'
import type { KmsCall } from './kms-call.ts'
import { makeKey } from './make-key.ts'

/** Whoever may use the service may use its key, through the service only; nobody can change that. */
function policy(account: string, region: string, service: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:CreateGrant',
          'kms:DescribeKey',
        ],
        Resource: '*',
        Condition: {
          StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `${service}.${region}.amazonaws.com` },
        },
      },
      {
        Effect: 'Allow',
        Principal: { AWS: rootOf(account) },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
        Resource: '*',
      },
    ],
  })
}

/** The key behind `alias/aws/<service>`, made when it is first asked for; undefined for any other alias. */
export function awsManagedKey(call: KmsCall, alias: string): Key | undefined {
  const [, service] = /^alias\/aws\/([a-z0-9]+)$/.exec(alias) ?? []
  if (service === undefined) return undefined
  const { account } = call.caller
  const now = call.clock.now()
  const key = makeKey({ account, region: call.region, now, policy: policy(account, call.region, service) })
  key.manager = 'AWS'
  key.description = `Default key that protects my ${service.toUpperCase()} objects when no other key is defined`
  key.rotation = { days: 365, next: now + 365 * 86_400_000 }
  call.keys.add(key)
  call.keys.shelf(account, call.region).aliases.push({ name: alias, keyId: key.id, created: now, updated: now })
  call.keys.saveKey(key)
  return key
}

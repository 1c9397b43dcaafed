import { aboutPrincipal, policyPrincipal, principalElement } from '../denial.ts'
import type { Remedy } from '../schema.ts'
import { hcl } from './hcl.ts'
import { json, type PolicyDocument, policyOf } from './policy.ts'
import { command, word } from './shell.ts'

/**
 * Who may take on a role, and that they must name this environment when they do (IAM user guide, "The confused deputy
 * problem"). @param caller as a policy names it
 */
export function trustPolicyOf(caller: string, externalId: string): PolicyDocument {
  return policyOf({
    Sid: 'VaultConsole',
    Effect: 'Allow',
    Principal: { AWS: principalElement(caller) },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'sts:ExternalId': externalId } },
  })
}

/** @param caller as AWS names it: of an assumed role its session */
export function trustPolicyRemedy(roleArn: string, caller: string, externalId: string): Remedy {
  const role = roleArn.split('/').at(-1) ?? roleArn
  const document = trustPolicyOf(policyPrincipal(caller), externalId)
  return {
    label: 'Trust policy',
    note: `The trust policy of the role ${role}. Each format replaces it: keep the statements of others who take on this role.${aboutPrincipal(caller)}`,
    formats: [
      { format: 'json', file: 'trust-policy.json', text: json(document) },
      {
        format: 'cli',
        file: 'trust-policy.sh',
        text: `# update-assume-role-policy replaces the whole trust policy of the role. Read it first:
#   aws iam get-role --role-name ${word(role)} --query Role.AssumeRolePolicyDocument
${command('aws iam update-assume-role-policy', `--role-name ${word(role)}`, `--policy-document ${word(json(document))}`)}
`,
      },
      {
        format: 'terraform',
        file: 'trust-policy.tf',
        text: `# In the aws_iam_role ${role}: assume_role_policy = local.vault_console_trust
locals {
  vault_console_trust = jsonencode(${hcl(document, '  ')})
}
`,
      },
      {
        format: 'cloudformation',
        file: 'trust-policy.cloudformation.json',
        // A property of the AWS::IAM::Role, which cannot be given apart from it.
        text: json({ AssumeRolePolicyDocument: document }),
      },
    ],
  }
}

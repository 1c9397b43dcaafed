import { isOfIdentityCenter } from '../denial.ts'
import type { Remedy } from '../schema.ts'
import { hcl } from './hcl.ts'
import { json, type PolicyDocument } from './policy.ts'
import { command, word } from './shell.ts'

/**
 * A policy for the principal itself: an inline policy of a user or a role. Other policies of it stay as they are.
 * @param principal as a policy names it: `arn:aws:iam::111122223333:role/path/NAME`; undefined when nobody knows
 * @param name of the policy: letters and digits; another one for each key and bucket, because the same name replaces
 */
export function iamPolicyRemedy(principal: string | undefined, name: string, document: PolicyDocument): Remedy {
  const owner = ownerOf(principal)
  const file = name.toLowerCase()
  if (owner && isOfIdentityCenter(owner.name)) return permissionSetRemedy(owner.name, file, document)
  return {
    label: 'IAM policy',
    note: owner
      ? `An inline policy of the ${owner.kind} ${owner.name}. Its other policies stay as they are.`
      : 'Attach it to the user or role of these credentials.',
    formats: [
      { format: 'json', file: `${file}.json`, text: json(document) },
      { format: 'cli', file: `${file}.sh`, text: script(owner, name, document) },
      { format: 'terraform', file: `${file}.tf`, text: terraform(owner, name, document) },
      { format: 'cloudformation', file: `${file}.cloudformation.json`, text: json(template(owner, name, document)) },
    ],
  }
}

/** The role of a permission set is “only modifiable by AWS”: IAM refuses it a policy. */
function permissionSetRemedy(roleName: string, file: string, document: PolicyDocument): Remedy {
  const permissionSet = roleName.replace(/^AWSReservedSSO_|_[0-9a-f]{16}$/g, '')
  const where = ['--instance-arn INSTANCE-ARN', '--permission-set-arn PERMISSION-SET-ARN']
  const put = command(
    'aws sso-admin put-inline-policy-to-permission-set',
    ...where,
    `--inline-policy ${word(json(document))}`,
  )
  const provision = command(
    'aws sso-admin provision-permission-set',
    ...where,
    '--target-type ALL_PROVISIONED_ACCOUNTS',
  )
  return {
    label: 'IAM policy',
    note: `For the permission set ${permissionSet}, in IAM Identity Center > Permission sets > Inline policy: a role made by it cannot be given a policy itself. Add the statements to what is there.`,
    formats: [
      { format: 'json', file: `${file}.json`, text: json(document) },
      {
        format: 'cli',
        file: `${file}.sh`,
        text: `# put-inline-policy-to-permission-set replaces the inline policy of the permission set. Read it first:
#   aws sso-admin get-inline-policy-for-permission-set ${where.join(' ')}
${put} &&
${provision}
`,
      },
    ],
  }
}

type Owner = { readonly kind: 'role' | 'user'; readonly name: string } | undefined

function ownerOf(principal: string | undefined): Owner {
  const parts = /^arn:[^:]+:iam::\d{12}:(?<kind>role|user)\/(?:.*\/)?(?<name>[^/]+)$/.exec(principal ?? '')?.groups
  if (!parts?.name) return undefined
  return { kind: parts.kind === 'role' ? 'role' : 'user', name: parts.name }
}

function script(owner: Owner, name: string, document: PolicyDocument): string {
  const text = `--policy-document ${word(json(document))}`
  if (!owner) return `${command('aws iam create-policy', `--policy-name ${word(name)}`, text)}\n`
  const { kind } = owner
  return `${command(`aws iam put-${kind}-policy`, `--${kind}-name ${word(owner.name)}`, `--policy-name ${word(name)}`, text)}\n`
}

function terraform(owner: Owner, name: string, document: PolicyDocument): string {
  const type = owner ? `aws_iam_${owner.kind}_policy` : 'aws_iam_policy'
  const to = owner ? `  ${owner.kind} = ${hcl(owner.name)}\n` : ''
  return `resource "${type}" "${name.replace(/[A-Z]/g, (letter, at) => `${at ? '_' : ''}${letter.toLowerCase()}`)}" {
  name = ${hcl(name)}
${to}  policy = jsonencode(${hcl(document, '  ')})
}
`
}

function template(owner: Owner, name: string, document: PolicyDocument): object {
  const types = { role: 'AWS::IAM::RolePolicy', user: 'AWS::IAM::UserPolicy' }
  const properties = owner
    ? {
        PolicyName: name,
        [owner.kind === 'role' ? 'RoleName' : 'UserName']: owner.name,
        PolicyDocument: document,
      }
    : { ManagedPolicyName: name, PolicyDocument: document }
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Resources: { [name]: { Type: owner ? types[owner.kind] : 'AWS::IAM::ManagedPolicy', Properties: properties } },
  }
}

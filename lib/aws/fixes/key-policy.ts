import type { Remedy } from '../schema.ts'
import { hcl } from './hcl.ts'
import { json, plainName, policyOf, type Statement } from './policy.ts'
import { command, word } from './shell.ts'

/**
 * Statements for the policy of a key. Whatever writes a key policy writes all of it, so each format says how to keep what
 * is there (AWS KMS API reference, PutKeyPolicy).
 * @param keyArn the key's own ARN or ID: PutKeyPolicy takes no alias
 */
export function keyPolicyRemedy(keyArn: string, region: string, statements: readonly Statement[]): Remedy {
  const name = `vault_console_${plainName(statements[0]?.Sid.slice(-8) ?? '')}`
  return {
    label: 'Key policy',
    note: 'Add these statements to the policy of the key, beside what is there.',
    formats: [
      { format: 'json', file: 'key-policy-statements.json', text: json(statements) },
      { format: 'cli', file: 'add-to-key-policy.sh', text: script(keyArn, region, statements) },
      {
        format: 'terraform',
        file: 'key-policy.tf',
        text: `# Terraform writes the whole policy of a key. Where yours is an aws_iam_policy_document, add to it
#   source_policy_documents = [local.${name}]
# and leave its own statements as they are.
locals {
  ${name} = jsonencode(${hcl(policyOf(...statements), '  ')})
}
`,
      },
      {
        format: 'cloudformation',
        file: 'key-policy-statements.cloudformation.json',
        // A template has one policy for a key, inside the AWS::KMS::Key: these go into its list of statements.
        text: json({ KeyPolicy: policyOf(...statements) }),
      },
    ],
  }
}

/** Reads the policy, puts the statements in the place of older ones of the same Sid, and writes it back. */
function script(keyArn: string, region: string, statements: readonly Statement[]): string {
  const key = ['--region', region, '--key-id', word(keyArn), '--policy-name default'].join(' ')
  const merge = '.Statement = ([.Statement] | flatten | map(select(.Sid as $sid | all($add[]; .Sid != $sid)))) + $add'
  return `# put-key-policy replaces the whole policy of the key. So this reads it, adds the statements and writes it back.
# key-policy.before.json keeps what was there. Needs jq, and an administrator of the key.
${command(`aws kms get-key-policy ${key}`, '--query Policy --output text > key-policy.before.json')} &&
${command('jq', `--argjson add ${word(json(statements))}`, word(merge), 'key-policy.before.json > key-policy.json')} &&
${command(`aws kms put-key-policy ${key}`, '--policy file://key-policy.json')}
`
}

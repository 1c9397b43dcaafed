import type { Remedy } from '../schema.ts'
import { hcl } from './hcl.ts'
import { json, plainName, policyOf, type Statement } from './policy.ts'
import { command, word } from './shell.ts'

/** Statements for the policy of a bucket. As with a key, whatever writes it writes all of it. */
export function bucketPolicyRemedy(bucket: string, statements: readonly Statement[]): Remedy {
  const name = `vault_console_${plainName(bucket).toLowerCase()}`
  // Older versions of the language take a variable for plain text, and the statements allow nothing.
  const variables = json(statements).includes('${') ? ' Its Version must be 2012-10-17.' : ''
  return {
    label: 'Bucket policy',
    note: `Add these statements to the policy of the bucket, beside what is there.${variables}`,
    formats: [
      { format: 'json', file: 'bucket-policy-statements.json', text: json(statements) },
      { format: 'cli', file: 'add-to-bucket-policy.sh', text: script(bucket, statements) },
      {
        format: 'terraform',
        file: 'bucket-policy.tf',
        text: `# Terraform writes the whole policy of a bucket. Where yours is an aws_iam_policy_document, add to it
#   source_policy_documents = [local.${name}]
# and leave its own statements as they are. Where the bucket has no policy yet, it is the policy of an aws_s3_bucket_policy.
locals {
  ${name} = jsonencode(${hcl(policyOf(...statements), '  ')})
}
`,
      },
      {
        format: 'cloudformation',
        file: 'bucket-policy.cloudformation.json',
        // A bucket has one AWS::S3::BucketPolicy: where there is one, these go into its list of statements.
        text: json({
          AWSTemplateFormatVersion: '2010-09-09',
          Resources: {
            VaultConsoleBucketPolicy: {
              Type: 'AWS::S3::BucketPolicy',
              Properties: { Bucket: bucket, PolicyDocument: policyOf(...statements) },
            },
          },
        }),
      },
    ],
  }
}

function script(bucket: string, statements: readonly Statement[]): string {
  const merge =
    '{Version: "2012-10-17"} + . | .Statement = ([.Statement // []] | flatten | map(select(.Sid as $sid | all($add[]; .Sid != $sid)))) + $add'
  return `# put-bucket-policy replaces the whole policy of the bucket. So this reads it, adds the statements and writes it back.
# bucket-policy.before.json keeps what was there. Needs jq. Where the bucket has no policy yet, write {} into that file
# in place of the first command.
${command(`aws s3api get-bucket-policy --bucket ${word(bucket)}`, '--query Policy --output text > bucket-policy.before.json')} &&
${command('jq', `--argjson add ${word(json(statements))}`, word(merge), 'bucket-policy.before.json > bucket-policy.json')} &&
${command(`aws s3api put-bucket-policy --bucket ${word(bucket)}`, '--policy file://bucket-policy.json')}
`
}

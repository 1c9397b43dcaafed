import { findRegion } from '#lib/aws/schema.ts'
import { parseKeyIdentifier, tidyKeyIdentifier } from '#lib/keys/schema.ts'

/** What was probably meant by a key that cannot be one; undefined when nothing is near. */
export function suggestKey(typed: string): string | undefined {
  const value = tidyKeyIdentifier(typed)
  const near = [
    value.toLowerCase(),
    value.replace(/^key\//i, '').toLowerCase(),
    `alias/${value}`,
    inPartition(value),
    // An availability zone in place of its Region.
    value.replace(/^(arn:[^:]*:kms:[^:]*\d)[a-f]:/, '$1:'),
  ]
  return near.find((one) => one !== value && parseKeyIdentifier(one).ok)
}

/** The ARN in the partition that its Region is in. */
function inPartition(arn: string): string {
  const [, , , region = ''] = arn.split(':')
  const partition = findRegion(region)?.partition
  return partition ? arn.replace(/^arn:[^:]*:/, `arn:${partition}:`) : arn
}

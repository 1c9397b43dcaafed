import { findRegion } from './schema.ts'

// Those that every account has (AWS Account Management guide, "Enable or disable AWS Regions"). All later ones are off until
// somebody turns them on, and there AWS knows none of an account's credentials.
const always = new Set(
  'us-east-1 us-east-2 us-west-1 us-west-2 ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-west-1 eu-west-2 eu-west-3 eu-north-1 sa-east-1'.split(
    ' ',
  ),
)

/** Whether an account may have this Region turned off. Partitions other than `aws` have accounts of their own. */
export function mayBeOff(region: string): boolean {
  return findRegion(region)?.partition === 'aws' && !always.has(region)
}

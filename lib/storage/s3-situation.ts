export type S3Action =
  | 's3:PutObject'
  | 's3:GetObject'
  | 's3:DeleteObject'
  | 's3:ListBucket'
  | 's3:ListBucketVersions'
  | 's3:GetObjectVersion'
  | 's3:DeleteObjectVersion'

export interface S3Situation {
  readonly bucket: string
  /** From STS; unknown when STS did not answer. */
  readonly callerArn: string | undefined
  /** The one that was chosen, where a fix needs it. */
  readonly region?: string
  /** `<prefix>/<environmentId>`: what a policy should be limited to. */
  readonly folder?: string
  /** Versions are to be deleted: a fix for listing or reading them allows that as well. */
  readonly removing?: boolean
}

/** What each is called at the beginning of a sentence. */
export const s3Verbs: Readonly<Record<S3Action, string>> = {
  's3:PutObject': 'Writing',
  's3:GetObject': 'Reading',
  's3:DeleteObject': 'Deleting',
  's3:ListBucket': 'Listing',
  's3:ListBucketVersions': 'Listing versions of',
  's3:GetObjectVersion': 'Reading a version of',
  's3:DeleteObjectVersion': 'Deleting versions of',
}

export function isS3Action(action: string | undefined): action is S3Action {
  return action !== undefined && Object.hasOwn(s3Verbs, action)
}

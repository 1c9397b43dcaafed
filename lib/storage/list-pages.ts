import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { AppError } from '#lib/errors.ts'

interface Wanted {
  readonly Bucket: string
  readonly Prefix: string
  readonly Delimiter?: string
}
type Output = ListObjectsV2CommandOutput

/**
 * What a bucket holds, page by page, and all of it. Not by the SDK's paginator: that takes a list for whole where a page
 * does not say how it goes on, and goes round in circles where it says the same again. Whoever lists may be about to delete
 * what is listed, or to tell that nothing else is there.
 * @param ask makes each request
 * @throws AppError `integrity` for what is no such list
 */
export async function* listPages(
  wanted: Wanted,
  ask: (page: ListObjectsV2Command) => Promise<Output>,
): AsyncGenerator<Output> {
  const { Bucket, Prefix } = wanted
  for (let token: string | undefined; ; ) {
    const page = await ask(new ListObjectsV2Command({ ...wanted, ContinuationToken: token }))
    const { Contents = [], IsTruncated, NextContinuationToken: next } = page
    const strange = Contents.find(({ Key }) => Key !== undefined && !Key.startsWith(Prefix))
    if (strange) throw noList(`Bucket ${Bucket} lists ${strange.Key} among what begins with ${Prefix}.`)
    yield page
    if (!(IsTruncated ?? next)) return
    if (!next || next === token) throw noList(`Bucket ${Bucket} does not say where its list goes on.`)
    token = next
  }
}

function noList(message: string): AppError {
  return new AppError('integrity', message, {
    fix: 'What answers for S3, or a proxy before it, does not do ListObjectsV2 as S3 does.',
  })
}

import { AwsError } from '../aws-error.ts'
import { type AwsRequest, decodePart, header } from '../http/request.ts'

export interface Address {
  bucket: string
  key: string
  /** The Region that the host name names, if it does. */
  region: string | undefined
}

const invalidUri = () => new AwsError('InvalidURI', "Couldn't parse the specified URI.")

/** `bucket.s3.eu-west-1.amazonaws.com`, `bucket.s3.localhost:4599`, `bucket.localhost:4599` */
function hostParts(host: string): { bucket: string; region: string | undefined } {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const aws = /^(?:(.+)\.)?s3[.-](?:([a-z0-9-]+)\.)?amazonaws\.com$/.exec(name)
  if (aws) return { bucket: aws[1] ?? '', region: aws[2] }
  const local = /^(.+?)(?:\.s3)?\.localhost$/.exec(name)
  return { bucket: local?.[1] && local[1] !== 's3' ? local[1] : '', region: undefined }
}

/** Path style and virtual-host style. A key is everything after the bucket, slashes and all. */
export function readAddress(request: AwsRequest): Address {
  const { bucket, region } = hostParts(header(request, 'host') ?? '')
  const path = decodePart(request.path)
  if (path === undefined || !path.startsWith('/')) throw invalidUri()
  if (bucket) return { bucket, key: path.slice(1), region }
  const slash = path.indexOf('/', 1)
  if (slash < 0) return { bucket: path.slice(1), key: '', region }
  return { bucket: path.slice(1, slash), key: path.slice(slash + 1), region }
}

export interface Arn {
  partition: string
  service: string
  region: string
  account: string
  resource: string
}

/** The six parts of an ARN, or undefined when it is none. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$/.exec(text)
  if (!match) return undefined
  const [, partition = '', service = '', region = '', account = '', resource = ''] = match
  return { partition, service, region, account, resource }
}

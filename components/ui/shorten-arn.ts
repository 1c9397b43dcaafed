/** Shortens in the middle, where an ARN says least: `arn:…:key/7c1e…02aa`. What is already short stays. */
export function shortenArn(arn: string): string {
  const resource = /^arn:[^:]*:kms:[^:]*:\d*:(key|alias)\/(.+)$/.exec(arn)
  const [, kind = '', name = ''] = resource ?? []
  if (kind === 'key') return `arn:…:key/${middle(name, 4, 4)}`
  if (kind === 'alias') return `arn:…:alias/${middle(name, 14, 8)}`
  return middle(arn, 20, 12)
}

function middle(text: string, head: number, tail: number): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`
}

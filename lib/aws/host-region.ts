import { readFile } from 'node:fs/promises'
import { sharedFilesOf, type Variables } from './default-chain.ts'

/**
 * The Region of this host: of its profile in the shared files or, where those name none, of the machine by instance
 * metadata (version 2). Never throws, and takes no longer than `waitMs`. `source` is the file, or names the machine.
 */
export async function hostRegion(
  variables: Variables,
  waitMs: number,
): Promise<{ region: string | undefined; source: string; askedMetadata: boolean }> {
  for (const file of sharedFilesOf(variables).toReversed()) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const region = regionInFile(text, variables.AWS_PROFILE ?? 'default')
    if (region) return { region, source: file, askedMetadata: false }
  }
  const off = !['', 'false', undefined].includes(variables.AWS_EC2_METADATA_DISABLED)
  const container = variables.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ?? variables.AWS_CONTAINER_CREDENTIALS_FULL_URI
  if (off || container) return { region: undefined, source: 'nowhere', askedMetadata: false }
  const region = await regionOfInstance(variables, waitMs).catch(() => undefined)
  return { region, source: 'instance metadata', askedMetadata: true }
}

/** `[default]`, `[NAME]` as the credentials file has it, or `[profile NAME]` as the config file has it. */
function regionInFile(text: string, profile: string): string | undefined {
  let inside = false
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/.exec(line)
    if (section) inside = section[1] === profile
    const region = inside && /^region\s*=\s*([a-z0-9-]+)/.exec(line)
    if (region) return region[1]
  }
  return undefined
}

async function regionOfInstance(variables: Variables, waitMs: number): Promise<string | undefined> {
  const signal = AbortSignal.timeout(waitMs)
  const at = (path: string) => new URL(path, variables.AWS_EC2_METADATA_SERVICE_ENDPOINT || 'http://169.254.169.254')
  const token = await fetch(at('/latest/api/token'), {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    signal,
  })
  if (!token.ok) return undefined
  const headers = { 'x-aws-ec2-metadata-token': await token.text() }
  const answer = await fetch(at('/latest/meta-data/placement/region'), { headers, signal })
  const region = answer.ok ? (await answer.text()).trim() : ''
  return /^[a-z]{2}(-[a-z]+)+-\d$/.test(region) ? region : undefined
}

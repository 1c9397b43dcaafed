import type { Agent } from 'node:https'
import { homedir } from 'node:os'
import path from 'node:path'
import {
  fromContainerMetadata,
  fromEnv,
  fromHttp,
  fromIni,
  fromInstanceMetadata,
  fromProcess,
  fromTokenFile,
} from '@aws-sdk/credential-providers'
import type { CredentialSource, ResolvedCredentials } from './credentials.ts'

/** The variables of this process that decide what the chain finds, as the SDK's providers read them. */
export type Variables = Readonly<Record<string, string | undefined>>

/** One place that the chain looks in. */
export interface ChainLink {
  readonly source: CredentialSource
  /** Something points at it, or, for files, it may be there by default. Only then is it asked. */
  readonly configured: boolean
  /** Where it reads, if those are files. */
  readonly files?: readonly string[]
  resolve(): Promise<ResolvedCredentials['identity']>
}

/** An answer of instance or container metadata is waited for so long, all its requests together. */
export const metadataWaitMs = 2_000

/**
 * The SDK's default chain in the order of its documentation: environment, shared files and their profile, web identity,
 * container, instance. Put together from the SDK's single providers, because the ready-made chain does not tell who
 * answered, and waits for metadata without a limit of its own. It differs in one point: with both AWS_PROFILE and
 * AWS_ACCESS_KEY_ID set, the access key wins, as in AWS's other SDKs and the AWS CLI.
 * @param requestHandler how services of AWS are reached, which metadata is none of
 */
export function defaultChain(
  variables: Variables,
  waitMs = metadataWaitMs,
  requestHandler?: { readonly httpsAgent: Agent },
): ChainLink[] {
  const profile = variables.AWS_PROFILE ?? 'default'
  const files = sharedFilesOf(variables)
  const [filepath, configFilepath] = files
  const clientConfig = { ...(requestHandler && { requestHandler }) }
  // A profile's STS by web identity takes the one, IAM Identity Center the other.
  const shared = { profile, filepath, configFilepath, clientConfig, parentClientConfig: clientConfig }
  const container = variables.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ?? variables.AWS_CONTAINER_CREDENTIALS_FULL_URI
  const instanceOff = isOn(variables.AWS_EC2_METADATA_DISABLED)
  // One request answers within half of it, or not at all.
  const patience = { timeout: waitMs / 2, maxRetries: 0 }
  return [
    {
      source: { kind: 'environment', detail: 'AWS_ACCESS_KEY_ID' },
      configured: Boolean(variables.AWS_ACCESS_KEY_ID && variables.AWS_SECRET_ACCESS_KEY),
      resolve: () => fromEnv()(),
    },
    {
      source: { kind: 'profile', detail: `profile “${profile}” of ${files.join(' and ')}` },
      configured: true,
      files,
      resolve: () => orNext(fromIni(shared), fromProcess(shared)),
    },
    {
      source: { kind: 'web-identity', detail: `AWS_WEB_IDENTITY_TOKEN_FILE (${variables.AWS_ROLE_ARN})` },
      configured: Boolean(variables.AWS_WEB_IDENTITY_TOKEN_FILE && variables.AWS_ROLE_ARN),
      resolve: () =>
        fromTokenFile({
          ...(variables.AWS_WEB_IDENTITY_TOKEN_FILE && { webIdentityTokenFile: variables.AWS_WEB_IDENTITY_TOKEN_FILE }),
          ...(variables.AWS_ROLE_ARN && { roleArn: variables.AWS_ROLE_ARN }),
          ...(variables.AWS_ROLE_SESSION_NAME && { roleSessionName: variables.AWS_ROLE_SESSION_NAME }),
          clientConfig: { ...clientConfig, ...(variables.AWS_REGION && { region: variables.AWS_REGION }) },
        })(),
    },
    {
      source: { kind: 'container', detail: `container metadata (${container})` },
      configured: container !== undefined,
      resolve: () => within(waitMs, orNext(fromHttp(patience), fromContainerMetadata(patience)), 'Container metadata'),
    },
    {
      source: { kind: 'instance', detail: 'instance metadata of EC2' },
      // As in the SDK, a container never falls through to the role of the machine below it.
      configured: container === undefined && !instanceOff,
      resolve: () => within(waitMs, fromInstanceMetadata(patience)(), 'Instance metadata'),
    },
  ]
}

/** The credentials file, then the config file. */
export function sharedFilesOf(variables: Variables): [string, string] {
  const folder = path.join(homedir(), '.aws')
  return [
    variables.AWS_SHARED_CREDENTIALS_FILE ?? path.join(folder, 'credentials'),
    variables.AWS_CONFIG_FILE ?? path.join(folder, 'config'),
  ]
}

/** Metadata that has answered this process: where it does not now, that is an outage, and no machine without credentials. */
const hasAnswered = new Set<CredentialSource['kind']>()

/**
 * Asks one link after the other.
 * @throws Error named `CredentialsProviderError` when none has any, with what each said; `CredentialsAwayError` when there
 * were some before, or must be some
 */
export async function resolveChain(
  links: readonly ChainLink[],
  answered: Set<CredentialSource['kind']> = hasAnswered,
): Promise<ResolvedCredentials> {
  const said: string[] = []
  let away = false
  for (const { source, configured, resolve } of links) {
    if (!configured) continue
    try {
      const identity = await resolve()
      if (source.kind === 'container' || source.kind === 'instance') answered.add(source.kind)
      return { identity, source }
    } catch (error) {
      const unread = unreadFile(error)
      if (unread) throw noCredentials(`${source.detail}: ${unread}`)
      if (!mayTryNext(error)) throw error
      // A variable names the container's, so it is there; an instance's silence is that of most machines outside of EC2.
      away ||= answered.has(source.kind) || (source.kind === 'container' && isSilence(error))
      said.push(`${source.detail}: ${inWords(error)}`)
    }
  }
  // What the SDK says ends with a full stop or not, and another sentence follows.
  const message = `Asked in turn: ${said.join(' · ').replace(/\.?$/, '.')}`
  throw away ? Object.assign(new Error(message), { name: 'CredentialsAwayError' }) : noCredentials(message)
}

/** Such as the token of a web identity, which the SDK reads without a word of its own. */
function unreadFile(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return undefined
  return `the file ${error.path} cannot be read (${error.code})`
}

/** A program that a profile names may have been given a secret to start with, and Node repeats its whole command line. */
function inWords({ message }: Error): string {
  return message.startsWith('Command failed') ? 'its credential_process failed' : message.replace(/\s+/g, ' ')
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false'
}

const isSilence = ({ message }: Error) =>
  /did not answer within|\b(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH)\b/.test(message)

/** The SDK's providers mark what only means “not here”. Anything else, such as a refused role, ends the search. */
function mayTryNext(error: unknown): error is Error {
  return error instanceof Error && 'tryNextLink' in error && error.tryNextLink === true
}

type Provider = () => Promise<ResolvedCredentials['identity']>
async function orNext(first: Provider, second: Provider): Promise<ResolvedCredentials['identity']> {
  try {
    return await first()
  } catch (error) {
    if (!mayTryNext(error)) throw error
    return second().catch(() => {
      // What the likelier of the two said is of more help.
      throw error
    })
  }
}

async function within<T>(waitMs: number, answer: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(noCredentials(noAnswer(what, waitMs))), waitMs)
  try {
    return await Promise.race([answer, late])
  } catch (error) {
    // A request that timed out by itself is the same thing.
    if (error instanceof Error && /timeout/i.test(error.message)) throw noCredentials(noAnswer(what, waitMs))
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function noAnswer(what: string, waitMs: number): string {
  const hops =
    what === 'Instance metadata'
      ? ' This is no machine of EC2, or its metadata is out of reach: on EC2 inside a container, its answer needs one hop more (aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2).'
      : ''
  return `${what} did not answer within ${waitMs / 1000} s.${hops}`
}

function noCredentials(message: string): Error {
  return Object.assign(new Error(message), { name: 'CredentialsProviderError', tryNextLink: true })
}

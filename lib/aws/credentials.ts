import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import { defaultChain, resolveChain, type Variables } from './default-chain.ts'
import type { ProxySettings } from './proxy.ts'
import { TunnelAgent } from './tunnel-agent.ts'

export interface StaticCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** A role that is assumed with other credentials, and again before its session ends. */
export interface AssumedRole {
  readonly roleArn: string
  /** Empty: none is sent. */
  readonly externalId: string
  readonly sessionName: string
  /** What assumes it. */
  readonly base: StaticCredentials | DefaultChain
}

/** Whatever this process finds. */
export interface DefaultChain {
  /** What the chain's providers read from the environment: names and, but for secrets, values. */
  readonly variables: Variables
  /** How long metadata is waited for; by default two seconds. */
  readonly metadataWaitMs?: number
}

/** Where credentials come from. */
export type CredentialSettings = StaticCredentials | AssumedRole | DefaultChain

export interface CredentialSource {
  readonly kind: 'environment' | 'profile' | 'web-identity' | 'container' | 'instance' | 'given' | 'role'
  /** Names it: a variable, a profile and its files, a role. Nothing secret. */
  readonly detail: string
}

export interface ResolvedCredentials {
  readonly identity: StaticCredentials & { readonly expiration?: Date }
  readonly source: CredentialSource
}

export interface CredentialsOptions {
  readonly region: string
  /** STS somewhere else than at AWS: the sandbox. */
  readonly stsEndpoint: string | undefined
  /** On the way to STS and IAM Identity Center, never to metadata. */
  readonly proxy?: ProxySettings | undefined
}

/** STS's own longest session where one role leads to another. */
const sessionSeconds = 3_600
const renewBeforeMs = 300_000
/** Until then what is still good is used, where renewing it failed. */
const tryAgainMs = 30_000

/**
 * Finds credentials as settings say, keeps them, and renews those that expire. Every call may be made at any time.
 * @throws what STS or the SDK throws, and Error `CredentialsProviderError` where none are found
 */
export function credentialsOf(
  settings: CredentialSettings,
  { region, stsEndpoint, proxy }: CredentialsOptions,
): () => Promise<ResolvedCredentials> {
  if ('variables' in settings)
    return renewing(() =>
      resolveChain(defaultChain(settings.variables, settings.metadataWaitMs, proxy && throughProxy(proxy))),
    )
  if ('accessKeyId' in settings) {
    const given = { identity: settings, source: { kind: 'given' as const, detail: settings.accessKeyId } }
    return async () => given
  }
  const { roleArn, externalId, sessionName, base } = settings
  const from = credentialsOf(base, { region, stsEndpoint, proxy })
  const assume = fromTemporaryCredentials({
    masterCredentials: async () => (await from()).identity,
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      ...(externalId && { ExternalId: externalId }),
      DurationSeconds: sessionSeconds,
    },
    clientConfig: {
      region,
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: 3_000,
        requestTimeout: 10_000,
        throwOnRequestTimeout: true,
        ...(proxy && throughProxy(proxy)),
      },
      ...(stsEndpoint && { endpoint: stsEndpoint }),
    },
  })
  return renewing(async () => ({ identity: await assume(), source: { kind: 'role', detail: roleArn } }))
}

/** For the options of a request handler. */
function throughProxy(proxy: ProxySettings) {
  return { httpsAgent: new TunnelAgent({ keepAlive: true }, proxy, 2_500) }
}

/**
 * Asks once for all who wait, and again when what it has is about to expire: then a failure counts only after its end,
 * because metadata and STS fail for moments. A failure is not kept.
 */
export function renewing(find: () => Promise<ResolvedCredentials>, now = Date.now): typeof find {
  let kept: ResolvedCredentials | undefined
  let asking: Promise<ResolvedCredentials> | undefined
  let notBefore = 0
  const left = () => (kept?.identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - now()
  return async () => {
    if (kept && (left() > renewBeforeMs || (left() > 0 && now() < notBefore))) return kept
    asking ??= find().finally(() => {
      asking = undefined
    })
    try {
      kept = await asking
    } catch (error) {
      if (!kept || left() <= 0) throw error
      notBefore = now() + tryAgainMs
    }
    return kept
  }
}

/** Tells in CloudTrail whose session it is: letters, digits and `=,.@-`, at most 64. */
export function sessionNameOf(environment: string): string {
  return `vault-console-${environment}`.replace(/[^\w+=,.@-]/g, '-').slice(0, 64)
}

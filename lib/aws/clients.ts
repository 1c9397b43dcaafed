import { Agent as HttpAgent } from 'node:http'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import { askFirstAfterFailure } from './ask-first.ts'
import { GuardedAgent, reachOf } from './connect-guard.ts'
import { type CredentialSettings, credentialsOf, type ResolvedCredentials } from './credentials.ts'
import type { ProxySettings } from './proxy.ts'
import type { Endpoint } from './schema.ts'
import { socketMemory } from './socket-memory.ts'
import { TunnelAgent } from './tunnel-agent.ts'
import { type OnKmsCall, watchKmsCalls } from './watch-kms-calls.ts'

/** How to reach AWS as one principal in one Region. */
export interface AwsAccess {
  readonly region: string
  readonly credentials: CredentialSettings
  /** One address for every service, from the host's own configuration (the sandbox). Undefined: AWS's own. */
  readonly endpoint: string | undefined
  /** STS where `endpoint` is of KMS alone: undefined for AWS's own. Absent: `endpoint`. */
  readonly stsEndpoint?: string | undefined
  /** What a person entered for a service; goes before `endpoint`, and only to where it may lead. */
  readonly kmsEndpoint?: Endpoint | undefined
  readonly s3Endpoint?: Endpoint | undefined
  /** The way out of this machine's network. Undefined: AWS is reached directly. */
  readonly proxy?: ProxySettings | undefined
  /** Hears of every call of KMS. */
  readonly onKmsCall?: OnKmsCall | undefined
}

/** The same access in another Region. What a person entered as endpoint leads to one Region, so it is left behind. */
export function accessIn<Access extends AwsAccess>(access: Access, region: string): Access {
  return access.region === region ? access : { ...access, region, kmsEndpoint: undefined, s3Endpoint: undefined }
}

export interface AwsClients {
  readonly kms: KMSClient
  readonly s3: S3Client
  readonly sts: STSClient
  /** The credentials that all three use, and where they came from. Throws what finding them throws. */
  resolveCredentials(): Promise<ResolvedCredentials>
  destroy(): void
}

/**
 * The only place that makes AWS clients.
 * @param patience `interactive` gives up early, because a person waits; `background` keeps trying for about a minute.
 */
export function createAwsClients(access: AwsAccess, patience: 'interactive' | 'background'): AwsClients {
  const { region, endpoint, proxy } = access
  const interactive = patience === 'interactive'
  const resolveCredentials = credentialsOf(access.credentials, {
    region,
    stsEndpoint: 'stsEndpoint' in access ? access.stsEndpoint : endpoint,
    proxy,
  })
  // A little less than the SDK waits for a connection, so that it is told what the proxy did.
  const tunnelMs = interactive ? 2_500 : 9_500
  const agent = { keepAlive: true, maxSockets: 32, onread: socketMemory }
  const shared = {
    region,
    credentials: async () => (await resolveCredentials()).identity,
    maxAttempts: interactive ? 2 : 10,
  }
  // An endpoint serves one Region: a further key in another one is reached at AWS's own address.
  const here = (own: Endpoint | undefined) => (own && (own.region ?? region) === region ? own : undefined)
  const at = (own: Endpoint | undefined) => ({
    ...shared,
    ...((own?.url ?? endpoint) && { endpoint: own?.url ?? endpoint }),
    requestHandler: {
      connectionTimeout: interactive ? 3_000 : 10_000,
      // From the first byte sent to the first one that comes back: a segment takes minutes where the line is slow.
      requestTimeout: interactive ? 10_000 : 600_000,
      throwOnRequestTimeout: true,
      // And at no time silence, in the middle of a body either: S3's client would wait for ever.
      socketTimeout: interactive ? 10_000 : 60_000,
      // As agents: for uploads with `Expect` the SDK would make others of its own, beside guard and proxy.
      httpAgent: new HttpAgent(agent),
      httpsAgent: own
        ? new GuardedAgent(reachOf(own), agent, proxy, tunnelMs)
        : new TunnelAgent(agent, proxy, tunnelMs),
    },
  })
  const s3Endpoint = here(access.s3Endpoint)
  // A backup that cannot reach its key waits by itself, and holds up no other meanwhile.
  const kms = new KMSClient({ ...at(here(access.kmsEndpoint)), maxAttempts: interactive ? 2 : 4 })
  if (access.onKmsCall) watchKmsCalls(kms, access.onKmsCall)
  const sts = new STSClient(at(undefined))
  // AWS wants the bucket in the host name; the sandbox and most other stores have one host name for all buckets.
  const forcePathStyle = s3Endpoint ? s3Endpoint.kind === 'own' : endpoint !== undefined
  // Who knows the SHA-256 of what it reads compares that itself; others ask for the SDK's check (ChecksumMode).
  const s3 = new S3Client({
    ...at(s3Endpoint),
    ...{ forcePathStyle, responseChecksumValidation: 'WHEN_REQUIRED', expectContinueHeader: false },
  })
  askFirstAfterFailure(s3)
  return {
    kms,
    s3,
    sts,
    resolveCredentials,
    destroy() {
      kms.destroy()
      sts.destroy()
      s3.destroy()
    },
  }
}

/**
 * Where requests for KMS and S3 go, as `https://HOST[:PORT]`: asked of the SDK itself, so that every variable and file
 * that it reads counts. Nothing is sent, and no credentials are needed.
 */
export async function addressesOf(access: AwsAccess): Promise<{ readonly kms: string; readonly s3: string }> {
  const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' }
  const clients = createAwsClients({ ...access, credentials, onKmsCall: undefined }, 'interactive')
  const found = { kms: '', s3: '' }
  const tell =
    (service: keyof typeof found) =>
    () =>
    async ({ request }: { request: unknown }) => {
      found[service] = addressIn(request)
      return { response: undefined, output: { $metadata: {} } }
    }
  const before = { step: 'finalizeRequest', priority: 'high', name: 'tellAddress' } as const
  clients.kms.middlewareStack.add(tell('kms'), before)
  clients.s3.middlewareStack.add(tell('s3'), before)
  try {
    await Promise.all([clients.kms.send(new ListKeysCommand({})), clients.s3.send(new ListBucketsCommand({}))])
    return found
  } finally {
    clients.destroy()
  }
}

function addressIn(request: unknown): string {
  if (typeof request !== 'object' || request === null || !('hostname' in request)) return ''
  const port = 'port' in request && request.port ? `:${request.port}` : ''
  const protocol = 'protocol' in request ? request.protocol : 'https:'
  return `${protocol}//${request.hostname}${port}`
}

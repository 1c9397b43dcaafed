import { homedir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { type ProxySettings, proxyIn } from '#lib/aws/proxy.ts'
import { parseAllowedEndpoint } from '#lib/aws/schema.ts'
import { AppError } from '#lib/errors.ts'
import { parseTrustedProxy } from '#lib/requests/trusted-proxies.ts'

/** The one place that reads `process.env`. Names and defaults are those of the README's table. */
const text = z
  .string()
  .trim()
  .optional()
  .transform((value) => (value === '' ? undefined : value))
const resolved = (value: string) => path.resolve(value.replace(/^~(?=\/|$)/, homedir()))
const folder = text.transform((value) => value && resolved(value))
const folders = text.transform((value) => value?.split(path.delimiter).filter(Boolean).map(resolved))
const publicUrl = text
  .pipe(z.url({ protocol: /^https?$/, error: 'is not an http or https address' }).optional())
  .refine(
    (value) => value === undefined || /^https?:\/\/[^/?#@]+\/*$/i.test(value),
    'has more than a host: the console cannot be below a path of another site',
  )

/** As pg reads it: a host may be missing, where `?host=` names a socket. */
const isPostgres = (value: string) =>
  /^(?:postgres(?:ql)?:\/\/|socket:)/.test(value) && URL.canParse(value.replace('@/', '@host/'), 'postgres://host')

const seconds = (preset: number) =>
  z.coerce
    .number({ error: 'is not a number of seconds' })
    .int('is not a number of seconds')
    .min(1, 'must be at least 1')
    .max(86_400, 'must be at most 86400')
    .default(preset)

const variables = z.object({
  PORT: z.coerce
    .number({ error: 'is not a port' })
    .int()
    .min(1, 'is not a port')
    .max(65_535, 'is not a port')
    .default(3000),
  VAULT_HOST: text.transform((value) => value ?? '127.0.0.1'),
  VAULT_PUBLIC_URL: publicUrl,
  VAULT_TRUSTED_PROXIES: text.transform((value, context) =>
    (value ?? '').split(',').flatMap((entry) => {
      if (entry.trim() === '') return []
      const range = parseTrustedProxy(entry.trim())
      if (range === undefined)
        context.addIssue('must list addresses or ranges, such as 10.0.0.5 or fd00::/8, and not everybody')
      return range ?? []
    }),
  ),
  VAULT_DATA_DIR: folder.transform((value) => value ?? path.resolve('.data')),
  VAULT_CONFIG: folder,
  VAULT_SEAL_HEALTH_SECONDS: seconds(600),
  VAULT_SEAL_UNHEALTHY_SECONDS: seconds(60),
  VAULT_KEY_HEALTH_SECONDS: seconds(900),
  VAULT_KEY_UNHEALTHY_SECONDS: seconds(60),
  DATABASE_URL: text.refine(
    (value) => value === undefined || isPostgres(value),
    'is not an address of PostgreSQL, such as postgresql://USER:PASSWORD@HOST:5432/DATABASE',
  ),
  VAULT_AWS: z.enum(['sandbox', 'aws'], { error: 'must be “sandbox” or “aws”' }).default('sandbox'),
  VAULT_ADMIN_EMAIL: text,
  VAULT_ADMIN_PASSWORD: text,
  VAULT_SOURCE_ROOTS: folders,
  VAULT_RESTORE_ROOTS: folders,
  VAULT_HOSTED_BUCKET: text,
  VAULT_WORKERS: z.coerce
    .number({ error: 'is not a number' })
    .int('is not a whole number')
    .min(0, 'must be 0 to 8')
    .max(8, 'must be 0 to 8')
    .default(1),
  VAULT_ALLOWED_ENDPOINTS: text.transform((value, context) =>
    (value ?? '').split(',').flatMap((entry) => {
      const parsed = parseAllowedEndpoint(entry.trim())
      if (parsed.ok) return [parsed.host]
      if (entry.trim() !== '') context.addIssue(`has an entry that is no endpoint. ${parsed.message}`)
      return []
    }),
  ),
})

/** What the AWS SDK's default chain and endpoint rules read from the environment, besides secrets. */
const awsVariables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONFIG_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_KMS',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_STS',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
] as const
/** What besides them decides the seal. */
const sealVariables = [
  'VAULT_SEAL_TYPE',
  'VAULT_AWSKMS_SEAL_KEY_ID',
  'VAULT_AWSKMS_SEAL_EXTERNAL_ID',
  'AWS_KMS_ENDPOINT',
  'AWS_ROLE_SESSION_NAME',
] as const
const awsSecrets = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const

export interface Env {
  readonly port: number
  readonly host: string
  /** Without a slash at its end. Decides cookies and allowed origins. */
  readonly publicUrl: string
  /** Addresses, as ranges in CIDR notation, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  readonly aws: 'sandbox' | 'aws'
  readonly admin: { readonly email: string; readonly password: string } | undefined
  readonly sourceRoots: readonly string[]
  readonly restoreRoots: readonly string[]
  /** `{region}` stands for the Region. Undefined: there is no hosted bucket. */
  readonly hostedBucket: string | undefined
  /** How many workers `npm start` runs; 0: all of them run elsewhere. */
  readonly workers: number
  /** Hosts, with a port that is not 443, that the form may name besides AWS's. */
  readonly allowedEndpoints: readonly string[]
  /** HTTPS_PROXY and NO_PROXY; undefined: there is none. */
  readonly proxy: ProxySettings | undefined
  /** The `AWS_…` variables that are set. In place of a secret stands the word “set”. */
  readonly awsVariables: Readonly<Record<string, string>>
  /** HCL, with a seal stanza in it. */
  readonly configFile: string | undefined
  /** How often the seal's key is tried, while all is well and while not. Milliseconds. */
  readonly sealHealth: { readonly everyMs: number; readonly unhealthyEveryMs: number }
  /** How often each KMS key that something depends on is tried. Milliseconds. */
  readonly keyHealth: { readonly everyMs: number; readonly unhealthyEveryMs: number }
  /** What decides the seal: these and `awsVariables`. */
  readonly sealVariables: Readonly<Record<string, string>>
}

/**
 * @param serves whether this process answers people's browsers: a worker or a command on another machine need not know
 *   the address
 * @throws AppError `invalid`, naming the variable, when one is missing or cannot be understood
 */
export function readEnv(
  source: Readonly<Record<string, string | undefined>> = process.env,
  { serves = true }: { readonly serves?: boolean } = {},
): Env {
  const blankless = Object.fromEntries(Object.entries(source).filter(([, value]) => value?.trim()))
  const parsed = variables.safeParse(blankless)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const name = String(issue?.path[0])
    // It holds a password.
    const shown = name === 'DATABASE_URL' ? '' : `: “${blankless[name]}”`
    throw new AppError('invalid', `The environment variable ${name} ${issue?.message ?? 'is not valid'}${shown}.`)
  }
  const env = parsed.data
  const sandbox = env.VAULT_AWS === 'sandbox'
  if (serves && !sandbox && !env.VAULT_PUBLIC_URL) {
    throw new AppError(
      'invalid',
      'VAULT_PUBLIC_URL is not set. With VAULT_AWS=aws it must be the address people open, such as https://vault.example.com.',
    )
  }
  if (Boolean(env.VAULT_ADMIN_EMAIL) !== Boolean(env.VAULT_ADMIN_PASSWORD)) {
    const missing = env.VAULT_ADMIN_EMAIL ? 'VAULT_ADMIN_PASSWORD' : 'VAULT_ADMIN_EMAIL'
    throw new AppError(
      'invalid',
      `${missing} is not set. Set both VAULT_ADMIN_EMAIL and VAULT_ADMIN_PASSWORD, or neither.`,
    )
  }
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (blankless[name] === undefined ? [] : [[name, blankless[name]]])))
  const aws = {
    ...pick(awsVariables),
    ...Object.fromEntries(awsSecrets.flatMap((name) => (blankless[name] === undefined ? [] : [[name, 'set']]))),
  }
  return {
    port: env.PORT,
    host: env.VAULT_HOST,
    publicUrl: (env.VAULT_PUBLIC_URL ?? `http://localhost:${env.PORT}`).replace(/\/+$/, ''),
    trustedProxies: env.VAULT_TRUSTED_PROXIES,
    dataDir: env.VAULT_DATA_DIR,
    databaseUrl: env.DATABASE_URL,
    aws: env.VAULT_AWS,
    admin:
      env.VAULT_ADMIN_EMAIL && env.VAULT_ADMIN_PASSWORD
        ? { email: env.VAULT_ADMIN_EMAIL, password: env.VAULT_ADMIN_PASSWORD }
        : undefined,
    sourceRoots: env.VAULT_SOURCE_ROOTS ?? [path.join(env.VAULT_DATA_DIR, 'sample')],
    restoreRoots: env.VAULT_RESTORE_ROOTS ?? [path.join(env.VAULT_DATA_DIR, 'restores')],
    hostedBucket: env.VAULT_HOSTED_BUCKET ?? (sandbox ? 'vault-hosted-{region}' : undefined),
    workers: env.VAULT_WORKERS,
    allowedEndpoints: env.VAULT_ALLOWED_ENDPOINTS,
    proxy: proxyIn(blankless),
    awsVariables: aws,
    configFile: env.VAULT_CONFIG,
    sealHealth: {
      everyMs: env.VAULT_SEAL_HEALTH_SECONDS * 1000,
      unhealthyEveryMs: env.VAULT_SEAL_UNHEALTHY_SECONDS * 1000,
    },
    keyHealth: {
      everyMs: env.VAULT_KEY_HEALTH_SECONDS * 1000,
      unhealthyEveryMs: env.VAULT_KEY_UNHEALTHY_SECONDS * 1000,
    },
    sealVariables: { ...aws, ...pick(sealVariables) },
  }
}

/** Every variable that decides the seal, as far as it is set; in place of a secret stands the word “set”. */
export function whatDecidesSeal({ sealVariables, configFile }: Env): Readonly<Record<string, string>> {
  return { ...sealVariables, ...(configFile !== undefined && { VAULT_CONFIG: configFile }) }
}

/** For secrets that a file names by variable. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name]
}

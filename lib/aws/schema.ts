/** Every AWS Region by partition, from the AWS SDK's own list of November 2026. A region becomes part of a host name, so it is only ever taken from here. */
const byPartition = {
  aws: {
    'af-south-1': 'Africa (Cape Town)',
    'ap-east-1': 'Asia Pacific (Hong Kong)',
    'ap-east-2': 'Asia Pacific (Taipei)',
    'ap-northeast-1': 'Asia Pacific (Tokyo)',
    'ap-northeast-2': 'Asia Pacific (Seoul)',
    'ap-northeast-3': 'Asia Pacific (Osaka)',
    'ap-south-1': 'Asia Pacific (Mumbai)',
    'ap-south-2': 'Asia Pacific (Hyderabad)',
    'ap-southeast-1': 'Asia Pacific (Singapore)',
    'ap-southeast-2': 'Asia Pacific (Sydney)',
    'ap-southeast-3': 'Asia Pacific (Jakarta)',
    'ap-southeast-4': 'Asia Pacific (Melbourne)',
    'ap-southeast-5': 'Asia Pacific (Malaysia)',
    'ap-southeast-6': 'Asia Pacific (New Zealand)',
    'ap-southeast-7': 'Asia Pacific (Thailand)',
    'ca-central-1': 'Canada (Central)',
    'ca-west-1': 'Canada West (Calgary)',
    'eu-central-1': 'Europe (Frankfurt)',
    'eu-central-2': 'Europe (Zurich)',
    'eu-north-1': 'Europe (Stockholm)',
    'eu-south-1': 'Europe (Milan)',
    'eu-south-2': 'Europe (Spain)',
    'eu-west-1': 'Europe (Ireland)',
    'eu-west-2': 'Europe (London)',
    'eu-west-3': 'Europe (Paris)',
    'il-central-1': 'Israel (Tel Aviv)',
    'me-central-1': 'Middle East (UAE)',
    'me-south-1': 'Middle East (Bahrain)',
    'mx-central-1': 'Mexico (Central)',
    'sa-east-1': 'South America (Sao Paulo)',
    'us-east-1': 'US East (N. Virginia)',
    'us-east-2': 'US East (Ohio)',
    'us-west-1': 'US West (N. California)',
    'us-west-2': 'US West (Oregon)',
  },
  'aws-cn': {
    'cn-north-1': 'China (Beijing)',
    'cn-northwest-1': 'China (Ningxia)',
  },
  'aws-eusc': {
    'eusc-de-east-1': 'AWS European Sovereign Cloud (Germany)',
  },
  'aws-iso': {
    'us-iso-east-1': 'US ISO East',
    'us-iso-west-1': 'US ISO WEST',
  },
  'aws-iso-b': {
    'us-isob-east-1': 'US ISOB East (Ohio)',
    'us-isob-west-1': 'US ISOB West',
  },
  'aws-iso-e': {
    'eu-isoe-west-1': 'EU ISOE West',
  },
  'aws-iso-f': {
    'us-isof-east-1': 'US ISOF EAST',
    'us-isof-south-1': 'US ISOF SOUTH',
  },
  'aws-us-gov': {
    'us-gov-east-1': 'AWS GovCloud (US-East)',
    'us-gov-west-1': 'AWS GovCloud (US-West)',
  },
} as const satisfies Record<string, Record<string, string>>

export type Partition = keyof typeof byPartition

export interface Region {
  readonly id: string
  /** As AWS writes it: `US West (Oregon)`. */
  readonly name: string
  readonly partition: Partition
}

const isPartition = (name: string): name is Partition => Object.hasOwn(byPartition, name)

export const regions: readonly Region[] = Object.keys(byPartition)
  .filter(isPartition)
  .flatMap((partition) => Object.entries(byPartition[partition]).map(([id, name]) => ({ id, name, partition })))

export function findRegion(id: string): Region | undefined {
  return regions.find((region) => region.id === id)
}

// ---- Endpoints of one's own -----------------------------------------------------------------

/** The address of a service that a person named in place of AWS's default one. */
export interface Endpoint {
  /** Scheme, host and port, nothing else. */
  readonly url: string
  /** `aws`: the service's public name. `vpc`: an interface VPC endpoint. `own`: named in VAULT_ALLOWED_ENDPOINTS. */
  readonly kind: 'aws' | 'vpc' | 'own'
  /** Undefined where the name does not tell. */
  readonly region: string | undefined
}
export type EndpointService = 'kms' | 's3'
export type ParsedEndpoint =
  | { readonly ok: true; readonly endpoint: Endpoint }
  | { readonly ok: false; readonly message: string }

/** What the names of a partition's services end in, besides the newer one for IPv6 as well. */
const suffixes: Record<Partition, readonly string[]> = {
  aws: ['amazonaws.com', 'api.aws'],
  'aws-cn': ['amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  'aws-eusc': ['amazonaws.eu', 'api.amazonwebservices.eu'],
  'aws-iso': ['c2s.ic.gov', 'api.aws.ic.gov'],
  'aws-iso-b': ['sc2s.sgov.gov', 'api.aws.scloud'],
  'aws-iso-e': ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  'aws-iso-f': ['csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  'aws-us-gov': ['amazonaws.com', 'api.aws'],
}
const serviceNames = { kms: 'AWS KMS', s3: 'Amazon S3' } as const

// Only the service's own names: below amazonaws.com there are also machines and load balancers that anybody may rent.
const publicName = {
  kms: /^kms(?:-fips)?\.(?<region>[a-z0-9-]+)\.(?<suffix>[a-z.-]+)$/,
  s3: /^s3(?:-fips)?\.(?:dualstack\.)?(?<region>[a-z0-9-]+)\.(?<suffix>[a-z.-]+)$/,
}
// AWS PrivateLink guide: vpce-ID-SUFFIX[-ZONE]. Amazon S3 has `bucket.` before it.
const vpcName = {
  kms: /^vpce-[0-9a-z]+-[0-9a-z]+[0-9a-z-]*\.kms(?:-fips)?\.(?<region>[a-z0-9-]+)\.vpce\.(?<suffix>[a-z.-]+)$/,
  s3: /^bucket\.vpce-[0-9a-z]+-[0-9a-z]+[0-9a-z-]*\.s3\.(?<region>[a-z0-9-]+)\.vpce\.(?<suffix>[a-z.-]+)$/,
}
const examples = {
  kms: 'https://vpce-0e1bb1852241f8cc6-pzi0do8n.kms.us-east-1.vpce.amazonaws.com',
  s3: 'https://bucket.vpce-0e1bb1852241f8cc6-pzi0do8n.s3.us-east-1.vpce.amazonaws.com',
}

/**
 * Reads the address of a service, for the form and the server alike. What it resolves to is judged elsewhere.
 * @param allowed hosts from VAULT_ALLOWED_ENDPOINTS, as `parseAllowedEndpoint` gives them
 */
export function parseEndpoint(text: string, service: EndpointService, allowed: readonly string[]): ParsedEndpoint {
  const typed = text.trim()
  const no = (message: string): ParsedEndpoint => ({ ok: false, message })
  const url = strictUrl(typed)
  if (typeof url === 'string') return no(url)
  const { host, hostname } = url
  if (allowed.includes(host)) return { ok: true, endpoint: { url: url.origin, kind: 'own', region: undefined } }
  if (isAddress(hostname)) return no(`${hostname} is an IP address. ${notAllowed(host)}`)
  if (/(^|\.)xn--/.test(hostname))
    return no(`${hostname} is written in letters beyond a to z, which can look like another name. ${notAllowed(host)}`)
  if (!hostname.includes('.')) return no(`“${hostname}” is a name of this machine or its network. ${notAllowed(host)}`)
  const found = awsName(hostname, service)
  if (found && url.port !== '') return no(`AWS answers at port 443 only. Leave out “:${url.port}”.`)
  if (found) return { ok: true, endpoint: { url: url.origin, ...found } }
  if (vpcName.s3.test(`bucket.${hostname}`) && service === 's3')
    return no(`The endpoint of a VPC for Amazon S3 starts with “bucket.”: https://bucket.${hostname}`)
  const other = service === 'kms' ? 's3' : 'kms'
  if (awsName(hostname, other))
    return no(`This is an address of ${serviceNames[other]}, not of ${serviceNames[service]}.`)
  if (/(^|\.)(amazonaws\.(com|com\.cn|eu)|api\.aws)$/.test(hostname))
    return no(
      `This is a name below AWS’s, but not one of ${serviceNames[service]}. Enter an address such as ${examples[service]}`,
    )
  return no(`${hostname} is not an address of AWS. ${notAllowed(host)}`)
}

/**
 * What is wrong with the address of a service for this Region, as far as its text tells.
 * @param typed empty: AWS's own, which is always right
 */
export function endpointMistake(
  typed: string,
  service: EndpointService,
  region: string,
  allowed: readonly string[],
): string | undefined {
  if (typed.trim() === '') return undefined
  const parsed = parseEndpoint(typed, service, allowed)
  if (!parsed.ok) return parsed.message
  const there = parsed.endpoint.region
  return there && region && there !== region
    ? `This endpoint is in Region ${there}, but the chosen Region is ${region}.`
    : undefined
}

/**
 * One entry of VAULT_ALLOWED_ENDPOINTS: `https://HOST[:PORT]`, or without `https://`.
 * @returns the host, with its port if that is not 443
 */
export function parseAllowedEndpoint(
  text: string,
): { readonly ok: true; readonly host: string } | { readonly ok: false; readonly message: string } {
  const url = strictUrl(text.includes('://') ? text : `https://${text}`)
  return typeof url === 'string' ? { ok: false, message: url } : { ok: true, host: url.host }
}

function notAllowed(host: string): string {
  return `Whoever runs this console can allow it with VAULT_ALLOWED_ENDPOINTS=${host}`
}

function awsName(hostname: string, service: EndpointService): Omit<Endpoint, 'url'> | undefined {
  if (service === 's3' && hostname === 's3.amazonaws.com') return { kind: 'aws', region: 'us-east-1' }
  for (const [kind, pattern] of [
    ['aws', publicName[service]],
    ['vpc', vpcName[service]],
  ] as const) {
    const { region = '', suffix = '' } = pattern.exec(hostname)?.groups ?? {}
    const known = findRegion(region)
    if (known && suffixes[known.partition].includes(suffix)) return { kind, region }
  }
  return undefined
}

/**
 * `https://HOST[:PORT]` and nothing more, as typed: where URL parsers read one text in two ways, it is refused.
 * @returns a sentence when it is something else
 */
function strictUrl(text: string): URL | string {
  if (/[\p{Cc}\s]/u.test(text)) return 'An address has no spaces, line breaks or control characters in it.'
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return `Start with “https://”, as in ${examples.kms}`
  if (!/^https:\/\//i.test(text)) return 'Only https is allowed: anything else can be read and changed on its way.'
  const rest = text.slice('https://'.length)
  if (/[@\\]/.test(rest)) return 'An address has no user name, password, “@” or “\\” in it.'
  const authority = rest.replace(/\/$/, '')
  if (/[/?#]/.test(authority)) return 'An address ends after its host and port: no path, “?” or “#”.'
  if (authority.includes('%')) return 'A host name has no “%” in it.'
  if (/\.(:\d*)?$/.test(authority)) return 'A host name does not end in a dot here.'
  if (!URL.canParse(text)) return `“${authority}” is not a host name.`
  const url = new URL(text)
  const port = /:(\d+)$/.exec(authority.replace(/^\[.*\]/, ''))?.[1]
  if (authority.endsWith(':') || (port !== undefined && (port === '0' || port.startsWith('0'))))
    return 'Write the port as a number from 1 to 65535, or leave it out.'
  const host = port === undefined ? authority : authority.slice(0, -port.length - 1)
  if (/[^\x20-\x7e]/.test(host))
    return `${host} has letters beyond a to z, which can look like another name; browsers call it ${url.hostname}.`
  if (host.toLowerCase() !== url.hostname)
    return isAddress(url.hostname)
      ? `“${host}” is the IP address ${url.hostname}, written in another way.`
      : `“${host}” is not a host name.`
  if (!isAddress(host) && !/^(?!.*\.\.)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host))
    return `“${host}” is not a host name.`
  return url
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^\d+(\.\d+){3}$/.test(hostname)
}

/** Where the one thing stands that must be changed; `wait` where nobody has to change anything. */
export const changers = [
  'key policy',
  'IAM policy',
  'permissions boundary',
  'session policy',
  'service control policy',
  'resource control policy',
  'VPC endpoint policy',
  'bucket policy',
  'role trust policy',
  'key',
  'bucket',
  'network',
  'account',
  'credentials',
  'clock',
  'settings',
  'wait',
] as const
export type Changer = (typeof changers)[number]

export const remedyFormats = ['json', 'cli', 'terraform', 'cloudformation'] as const
export type RemedyFormat = (typeof remedyFormats)[number]

/** Something to copy that carries a fix out. */
export interface Remedy {
  /** What it is: `IAM policy` */
  readonly label: string
  /** Where it goes, and what to mind. */
  readonly note: string
  readonly formats: { readonly format: RemedyFormat; readonly file: string; readonly text: string }[]
}

import { type HclBody, type HclValue, parseHcl } from './hcl.ts'

/** What a `seal "awskms"` stanza of HashiCorp Vault names. Absent: not in it, or empty. */
export interface SealStanza {
  readonly region?: string
  readonly kmsKeyId?: string
  readonly endpoint?: string
  readonly accessKey?: string
  readonly secretKey?: string
  readonly sessionToken?: string
  readonly disabled: boolean
  /** Names of parameters that an awskms seal has not. */
  readonly unknown: readonly string[]
}

const parameters = {
  region: 'region',
  kms_key_id: 'kmsKeyId',
  endpoint: 'endpoint',
  access_key: 'accessKey',
  secret_key: 'secretKey',
  session_token: 'sessionToken',
} as const

/**
 * Reads the stanza out of a whole configuration, or out of its inner lines alone. Never throws.
 * The message of a problem names line and column where it has them.
 */
export function readSealStanza(text: string): { ok: true; stanza: SealStanza } | { ok: false; message: string } {
  const parsed = parseHcl(text)
  if (!parsed.ok) return no(`Line ${parsed.line}, column ${parsed.column}: ${parsed.message}`)
  const { body } = parsed
  const seals = body.blocks.filter(({ type }) => type === 'seal')
  const [seal, second] = seals.filter(({ labels }) => labels[0] === 'awskms')
  if (second) return no(`There are two awskms seals; the second one starts in line ${second.line}. Paste one of them.`)
  if (seal) return stanzaOf(seal.body)
  const [other] = seals
  if (other) return no(`This is a seal of type “${other.labels[0] ?? ''}”. Only awskms names a key of AWS KMS.`)
  if (body.attributes.some(({ name }) => name in parameters)) return stanzaOf(body)
  return no('There is no seal "awskms" { … } in this text.')
}

const no = (message: string) => ({ ok: false as const, message })

function stanzaOf({ attributes, blocks }: HclBody): ReturnType<typeof readSealStanza> {
  const values: { -readonly [Name in (typeof parameters)[keyof typeof parameters]]?: string } = {}
  const unknown = blocks.map(({ type }) => type)
  let disabled = false
  for (const { name, value, line, column } of attributes) {
    const at = `Line ${line}, column ${column}:`
    if (name === 'disabled') {
      const known = booleanOf(value)
      if (known === undefined) return no(`${at} “disabled” is either true or false.`)
      disabled = known
    } else if (isParameter(name)) {
      if (typeof value !== 'string') return no(`${at} “${name}” must be text in quotes.`)
      if (value.trim() !== '') values[parameters[name]] = value.trim()
    } else unknown.push(name)
  }
  return { ok: true, stanza: { ...values, disabled, unknown } }
}

const isParameter = (name: string): name is keyof typeof parameters => Object.hasOwn(parameters, name)

const words = new Map<HclValue, boolean>([
  ...[true, 'true', '1', 't', 'T', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...[false, 'false', '0', 'f', 'F', 'FALSE', 'False', ''].map((word) => [word, false] as const),
])

/** As Vault takes it: a boolean, or what Go's strconv.ParseBool takes for one; the empty text is its default. */
export function booleanOf(value: HclValue): boolean | undefined {
  return words.get(value)
}

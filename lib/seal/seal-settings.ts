import { AppError } from '#lib/errors.ts'
import { type HclAttribute, type HclBlock, parseHcl } from './hcl.ts'
import { booleanOf } from './stanza.ts'

/**
 * The parameters of a `seal "awskms"` stanza, as HashiCorp Vault has them, and the variables that say the same. Of
 * several variables the first wins. `external_id` is ours.
 */
export const awskmsParameters = {
  region: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  access_key: ['AWS_ACCESS_KEY_ID'],
  secret_key: ['AWS_SECRET_ACCESS_KEY'],
  session_token: ['AWS_SESSION_TOKEN'],
  kms_key_id: ['VAULT_AWSKMS_SEAL_KEY_ID'],
  endpoint: ['AWS_KMS_ENDPOINT'],
  disabled: [],
  shared_creds_filename: ['AWS_SHARED_CREDENTIALS_FILE'],
  shared_creds_profile: ['AWS_PROFILE'],
  role_arn: ['AWS_ROLE_ARN'],
  role_session_name: ['AWS_ROLE_SESSION_NAME'],
  web_identity_token_file: ['AWS_WEB_IDENTITY_TOKEN_FILE'],
  external_id: ['VAULT_AWSKMS_SEAL_EXTERNAL_ID'],
} as const satisfies Record<string, readonly string[]>
export type AwskmsParameter = keyof typeof awskmsParameters
const parameterNames = Object.keys(awskmsParameters)

export interface Sourced {
  readonly value: string
  /** A variable's name, or a file with its line. */
  readonly source: string
  /** Sources that say something else, or the same, and are not asked. */
  readonly shadows: readonly string[]
}

export type AwskmsSettings = Readonly<Partial<Record<AwskmsParameter, Sourced>>>

export interface SealSettings {
  /** What wraps what is new. */
  readonly active: { readonly type: 'local' } | { readonly type: 'awskms'; readonly settings: AwskmsSettings }
  /** A stanza with `disabled = "true"`: the seal that is being left. */
  readonly leaving: AwskmsSettings | undefined
}

export interface SealSources {
  /** VAULT_CONFIG and what is in it. */
  readonly config: { readonly file: string; readonly text: string } | undefined
  readonly variables: Readonly<Record<string, string | undefined>>
}

/**
 * Which seal is configured, each value with where it comes from. The environment goes before the file.
 * Throws AppError `invalid` with line and column.
 */
export function readSealSettings({ config, variables }: SealSources): SealSettings {
  const stanzas = config ? sealStanzas(config) : []
  const active = stanzas.filter(({ disabled }) => !disabled)
  const leaving = stanzas.filter(({ disabled }) => disabled)
  for (const several of [active, leaving])
    if (config && several[1])
      throw at(
        config.file,
        several[1].block,
        'There is a second seal stanza. Only the one that is being left, with disabled = "true", may stand beside another.',
      )

  const type = variables.VAULT_SEAL_TYPE?.trim() || undefined
  if (type !== undefined && type !== 'awskms' && type !== 'local')
    throw new AppError('invalid', `VAULT_SEAL_TYPE is “${type}”. It must be awskms or local.`)
  const [stanza] = active
  // The variables speak for the seal in use, or for the one that was until it was disabled; of two, only for the first.
  const left = (speaking: typeof variables) => leaving[0] && resolve(leaving[0].block, config?.file, speaking)
  if (type === 'local' || (type === undefined && !stanza))
    return { active: { type: 'local' }, leaving: left(variables) }
  const settings = resolve(stanza?.block, config?.file, variables)
  if (!settings.kms_key_id)
    throw new AppError('invalid', 'The seal awskms needs a key, and none is named.', {
      fix: 'Set kms_key_id in the seal stanza, or VAULT_AWSKMS_SEAL_KEY_ID.',
    })
  return { active: { type: 'awskms', settings }, leaving: left({}) }
}

interface Stanza {
  readonly block: HclBlock
  readonly disabled: boolean
}

function sealStanzas({ file, text }: { file: string; text: string }): Stanza[] {
  const parsed = parseHcl(text)
  if (!parsed.ok) throw at(file, parsed, parsed.message)
  return parsed.body.blocks
    .filter(({ type }) => type === 'seal')
    .map((block) => {
      const [label, ...more] = block.labels
      if (label !== 'awskms' || more.length > 0)
        throw at(file, block, `The seal “${block.labels.join(' ')}” is not known here. There is seal "awskms".`)
      const [inner] = block.body.blocks
      if (inner) throw at(file, inner, `A seal stanza holds no block “${inner.type}”.`)
      for (const attribute of block.body.attributes) checkAttribute(attribute, file)
      const disabled = block.body.attributes.find(({ name }) => name === 'disabled')
      return { block, disabled: disabled !== undefined && isTrue(disabled, file) }
    })
}

function checkAttribute(attribute: HclAttribute, file: string): void {
  if (!parameterNames.includes(attribute.name))
    throw at(
      file,
      attribute,
      `“${attribute.name}” is not a parameter of seal "awskms". Known are ${parameterNames.join(', ')}.`,
    )
  if (typeof attribute.value !== 'string' && typeof attribute.value !== 'boolean')
    throw at(file, attribute, `“${attribute.name}” must be text in quotes.`)
}

function isTrue(attribute: HclAttribute, file: string): boolean {
  const known = booleanOf(attribute.value)
  if (known === undefined)
    throw at(file, attribute, `“disabled” is “${attribute.value}”. It must be "true" or "false".`)
  return known
}

function resolve(
  block: HclBlock | undefined,
  file: string | undefined,
  variables: SealSources['variables'],
): AwskmsSettings {
  const settings: Partial<Record<AwskmsParameter, Sourced>> = {}
  for (const [parameter, names] of entriesOf(awskmsParameters)) {
    const attribute = block?.body.attributes.find(({ name }) => name === parameter)
    // Of a heredoc the last line end belongs to the text, and to no setting.
    const inFile = String(attribute?.value ?? '').trim()
    const said = [
      ...names.flatMap((name) => (variables[name]?.trim() ? [{ value: variables[name].trim(), source: name }] : [])),
      ...(attribute && file && inFile !== '' ? [{ value: inFile, source: `${file}:${attribute.line}` }] : []),
    ]
    const [first, ...rest] = said
    if (first) settings[parameter] = { ...first, shadows: rest.map(({ source }) => source) }
  }
  return settings
}

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  const entries: [K, V][] = []
  for (const name in record) entries.push([name, record[name]])
  return entries
}

function at(file: string, { line, column }: { line: number; column: number }, message: string): AppError {
  return new AppError('invalid', `${file}:${line}:${column}: ${message}`)
}

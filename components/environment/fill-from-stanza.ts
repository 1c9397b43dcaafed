import { findRegion } from '#lib/aws/schema.ts'
import type { EnvironmentInput } from '#lib/environment/schema.ts'
import { parseKeyIdentifier, regionOf } from '#lib/keys/schema.ts'
import type { SealStanza } from '#lib/seal/stanza.ts'

/** What a stanza changes in the form, and sentences on what became of each of its lines. */
export function fillFromStanza(stanza: SealStanza): { values: Partial<EnvironmentInput>; told: string } {
  const { region, kmsKeyId, endpoint, accessKey, secretKey, sessionToken, disabled, unknown } = stanza
  const values: Partial<EnvironmentInput> = {}
  const filled: string[] = []
  const notes: string[] = []

  const key = kmsKeyId === undefined ? undefined : parseKeyIdentifier(kmsKeyId)
  // Vault's default is us-east-1, wherever an ARN does not say more.
  const place =
    region ?? (key?.ok ? regionOf(key.key) : undefined) ?? (kmsKeyId === undefined ? undefined : 'us-east-1')
  if (place !== undefined && findRegion(place)) {
    values.region = place
    filled.push(region === undefined ? `Region (${place}, because the stanza names none)` : 'Region')
  } else if (place !== undefined) notes.push(`“${place}” is not an AWS Region.`)
  if (kmsKeyId !== undefined) {
    Object.assign(values, { encrypt: true, method: 'AWS-KMS', masterKey: kmsKeyId })
    filled.push('Master Key')
  }
  if (endpoint !== undefined) {
    Object.assign(values, { hosted: false, kmsEndpoint: endpoint })
    filled.push('KMS endpoint')
  }
  if (accessKey !== undefined) {
    Object.assign(values, {
      hosted: false,
      credentials: 'access-key',
      accessKeyId: accessKey,
      secretAccessKey: secretKey ?? '',
      sessionToken: sessionToken ?? '',
    })
    filled.push('credentials')
  } else if (secretKey !== undefined) notes.push('secret_key was left out: there is no access_key with it.')
  if (values.hosted === false)
    notes.push('These credentials or this endpoint need a bucket of your own: name it below.')
  if (disabled) notes.push('The stanza is disabled: that Vault is moving away from this key.')
  if (unknown.length > 0) notes.push(`Not known to an awskms seal, and left out: ${unknown.join(', ')}.`)
  const what = filled.length > 0 ? `Filled in: ${filled.join(', ')}.` : 'Nothing to fill in.'
  return { values, told: [what, ...notes].join(' ') }
}

import { type AwsAccess, createAwsClients } from '#lib/aws/clients.ts'
import { AppError } from '#lib/errors.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { describeKeyArn, kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import { kmsLookupsOf } from '#lib/keys/kms-lookups.ts'
import { parseKeyIdentifier, regionOf } from '#lib/keys/schema.ts'
import { probeWrapper, type Seal } from './seal.ts'

export interface KmsSealSettings {
  readonly access: AwsAccess
  /** Key ID, key ARN, alias or alias ARN. */
  readonly keyId: string
  /** What said the Region: a variable, or a file with its line. */
  readonly regionSource?: string | undefined
}

/**
 * The seal `awskms`: finds the key, and proves Encrypt and Decrypt before anything depends on them. Needs
 * kms:DescribeKey, kms:Encrypt and kms:Decrypt, nothing else. Throws AppError with the diagnosis.
 */
export async function openKmsSeal(
  installation: string,
  { access, keyId: typed, regionSource }: KmsSealSettings,
): Promise<Seal> {
  const parsed = parseKeyIdentifier(typed)
  if (!parsed.ok) throw new AppError('invalid', `The seal’s key “${typed}” is not one: ${parsed.message}`)
  const region = regionOf(parsed.key)
  if (region !== undefined && region !== access.region)
    throw new AppError(
      'invalid',
      `The seal’s key is in ${region}, but its region is ${access.region}${regionSource === undefined ? '' : `: ${regionSource} says so`}.`,
      {
        fix: `Say ${region} ${regionSource === undefined ? 'as its region' : 'there'}, or name a key in ${access.region}.`,
      },
    )
  const clients = new Map<string, ReturnType<typeof createAwsClients>>()
  const situation = (keyRegion: string, keyArn: string) => ({
    keyArn,
    region: keyRegion,
    installation,
    environment: 'seal',
    callerArn: undefined,
  })
  const kmsIn = (keyRegion: string) => {
    const client = clients.get(keyRegion) ?? createAwsClients({ ...access, region: keyRegion }, 'interactive')
    clients.set(keyRegion, client)
    return client.kms
  }
  const regionOfArn = (keyArn: string) => keyArn.split(':')[3] ?? access.region
  const wrapperFor = (keyArn: string) => {
    const keyRegion = regionOfArn(keyArn)
    return kmsKeyWrapper(kmsOf(kmsIn(keyRegion)), situation(keyRegion, keyArn))
  }
  const close = () => {
    for (const client of clients.values()) client.destroy()
  }
  try {
    const keyArn = await describeKeyArn(kmsOf(kmsIn(access.region)), situation(access.region, parsed.key.value))
    const wrapper = wrapperFor(keyArn)
    await probeWrapper({ keyId: keyArn, wrapper }, installation)
    return {
      mechanism: 'awskms',
      keyId: keyArn,
      wrapper,
      opener: (wrap) => {
        if (wrap.mechanism !== 'awskms') return undefined
        return wrap.keyId === keyArn ? wrapper : wrapperFor(wrap.keyId)
      },
      keys: {
        keyArn,
        reach(arn) {
          const region = regionOfArn(arn)
          return { kms: kmsOf(kmsIn(region)), lookups: kmsLookupsOf(kmsIn(region)), region }
        },
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

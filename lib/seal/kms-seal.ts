import { randomBytes } from 'node:crypto'
import { type AwsAccess, createAwsClients } from '#lib/aws/clients.ts'
import { AppError } from '#lib/errors.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { describeKeyArn, kmsKeyWrapper } from '#lib/keys/kms-key-wrapper.ts'
import { parseKeyIdentifier, regionMismatch, regionOf } from '#lib/keys/schema.ts'
import { rootKeyContext, type Seal } from './seal.ts'

export interface KmsSealSettings {
  readonly access: AwsAccess
  /** Key ID, key ARN, alias or alias ARN. */
  readonly keyId: string
}

export interface KmsSeal extends Seal {
  /** Encrypts and decrypts once: whether the key still does. Throws AppError with the diagnosis. */
  probe(): Promise<void>
  close(): void
}

/**
 * The seal `awskms`: finds the key, and proves Encrypt and Decrypt before anything depends on them. Needs
 * kms:DescribeKey, kms:Encrypt and kms:Decrypt, nothing else. Throws AppError with the diagnosis.
 */
export async function openKmsSeal(installation: string, { access, keyId: typed }: KmsSealSettings): Promise<KmsSeal> {
  const parsed = parseKeyIdentifier(typed)
  if (!parsed.ok) throw new AppError('invalid', `The seal’s key “${typed}” is not one: ${parsed.message}`)
  const region = regionOf(parsed.key)
  if (region !== undefined && region !== access.region)
    throw new AppError('invalid', `The seal’s ${regionMismatch(region, access.region)}`, {
      fix: `Set the seal’s region to ${region}.`,
    })
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
    return kmsOf(client.kms)
  }
  const wrapperFor = (keyArn: string) => {
    const keyRegion = keyArn.split(':')[3] ?? access.region
    return kmsKeyWrapper(kmsIn(keyRegion), situation(keyRegion, keyArn))
  }
  const close = () => {
    for (const client of clients.values()) client.destroy()
  }
  try {
    const keyArn = await describeKeyArn(kmsIn(access.region), situation(access.region, parsed.key.value))
    const wrapper = wrapperFor(keyArn)
    const seal: KmsSeal = {
      mechanism: 'awskms',
      keyId: keyArn,
      wrapper,
      opener: (wrap) => {
        if (wrap.mechanism !== 'awskms') return undefined
        return wrap.keyId === keyArn ? wrapper : wrapperFor(wrap.keyId)
      },
      async probe() {
        const bytes = randomBytes(32)
        const context = { ...rootKeyContext(installation, 'none'), purpose: 'probe' }
        const back = await wrapper.unwrap(await wrapper.wrap(bytes, context), context)
        if (!bytes.equals(back))
          throw new AppError('integrity', `${keyArn} decrypted to something else than was encrypted.`)
      },
      close,
    }
    await seal.probe()
    return seal
  } catch (error) {
    close()
    throw error
  }
}

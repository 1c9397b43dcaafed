import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Diagnosis } from '#lib/aws/diagnosis.ts'
import { isKeyStoreCiphertext } from '#lib/aws/external-key-store.ts'
import { faultOf } from '#lib/aws/fault.ts'
import { AppError } from '#lib/errors.ts'
import { diagnoseKms } from './diagnose-kms.ts'
import { judgeKey } from './judge-key.ts'
import type { Kms } from './kms.ts'
import type { KmsLookups } from './kms-lookups.ts'
import type { KmsAction, KmsSituation } from './kms-situation.ts'
import { lastUseOf, rotationOf } from './look-at-key.ts'
import { type CheckOf, failed, runCheck, runLookup, skipped } from './run-check.ts'
import { type Check, checkTitles, parseKeyIdentifier, plannedChecks, regionMismatch, regionOf } from './schema.ts'

export interface KeyToCheck {
  /** As typed: key ID, key ARN, alias or alias ARN. */
  readonly typed: string
  /** 0 is the main key. */
  readonly index: number
  readonly region: string
  readonly installation: string
  readonly environment: string
  /** Who STS says is calling; only what has failed waits for it. */
  readonly caller: Promise<string | undefined>
}

/**
 * Proves a key by using it. DescribeKey and Encrypt go out at once; then Decrypt, Decrypt under a wrong context, and what
 * needs the key's ARN. Never throws for what AWS answers: a check is data.
 * @param tell hears of each check as soon as it is known
 */
export async function checkKey(
  kms: Kms & KmsLookups,
  { typed: entered, index, region, installation, environment, caller }: KeyToCheck,
  tell: (check: Check) => void,
): Promise<{ keyArn: string | null }> {
  const of = (id: CheckOf['id']): CheckOf => ({ id, key: index })
  const parsed = parseKeyIdentifier(entered)
  const nonsense = parsed.ok ? elsewhere(regionOf(parsed.key), region) : notAKey(parsed.message)
  if (nonsense || !parsed.ok) {
    for (const { id, key } of plannedChecks(index + 1, false)) {
      if (key !== index || id === 'key.describe') continue
      tell(skipped(of(id), 'Nothing was sent to AWS.'))
    }
    tell({
      ...of('key.describe'),
      status: 'failed',
      kind: 'invalid',
      durationMs: 0,
      title: '',
      detail: '',
      ...nonsense,
    })
    return { keyArn: null }
  }

  const typed = parsed.key.value
  const context = { installation, environment, purpose: 'key-check', probe: randomUUID() }
  const secret = randomBytes(32)
  const asked = new Date()
  let keyArn: string | null = null
  const explain =
    (action: KmsAction) =>
    async (fault: Parameters<typeof diagnoseKms>[0]): Promise<Diagnosis> => {
      const callerArn = await caller
      const situation: KmsSituation = { keyArn: keyArn ?? typed, region, callerArn, installation, environment }
      return diagnoseKms(fault, action, situation)
    }

  async function describe(): Promise<void> {
    const { check, answer } = await runCheck(
      of('key.describe'),
      async () => {
        const { metadata, requestId } = await kms.describe(typed)
        keyArn = metadata.Arn ?? keyArn
        return { metadata, requestId, detail: keyArn ?? typed }
      },
      explain('kms:DescribeKey'),
    )
    tell(check)
    tell(
      answer
        ? judgeKey(answer.metadata, of('key.usable'), keyArn ?? typed, region)
        : skipped(of('key.usable'), 'Needs DescribeKey.'),
    )
    const { metadata } = answer ?? {}
    const arn = metadata?.Arn
    if (!arn) {
      tell(skipped(of('key.rotation'), 'Needs DescribeKey.'))
      tell(skipped(of('key.lastUse'), 'Needs DescribeKey.'))
      return
    }
    await Promise.all([
      runLookup(of('key.rotation'), 'kms:GetKeyRotationStatus', () => rotationOf(kms, arn, region, metadata)).then(
        tell,
      ),
      runLookup(of('key.lastUse'), 'kms:GetKeyLastUsage', () => lastUseOf(kms, arn, asked)).then(tell),
    ])
  }

  async function encrypt(): Promise<void> {
    const { check, answer, fault } = await runCheck(
      of('key.encrypt'),
      async () => {
        const { keyArn: used, ciphertext, requestId } = await kms.encrypt(typed, secret, context)
        keyArn ??= used
        return { used, ciphertext, requestId, detail: 'KMS encrypted 32 random bytes.' }
      },
      explain('kms:Encrypt'),
    )
    tell(check)
    if (answer) {
      const [decrypted, wrong] = await Promise.all([
        decrypt(answer.used, answer.ciphertext),
        wrongContext(answer.used, answer.ciphertext),
      ])
      tell(decrypted ? wrong : skipped(of('key.context'), 'Needs Decrypt.'))
      return
    }
    tell(await mayDecrypt(fault?.kind === 'refused' && /^AccessDenied/.test(fault.code)))
    tell(skipped(of('key.context'), 'Needs Encrypt.'))
  }

  async function decrypt(used: string, ciphertext: Uint8Array): Promise<boolean> {
    const { check } = await runCheck(
      of('key.decrypt'),
      async () => {
        const answer = await kms.decrypt(used, ciphertext, context)
        if (answer.keyArn !== used)
          throw new AppError('integrity', `KMS decrypted with ${answer.keyArn}, but ${used} had encrypted.`)
        if (answer.plaintext.length !== secret.length || !timingSafeEqual(answer.plaintext, secret)) {
          throw new AppError(
            'integrity',
            'KMS gave back other bytes than it was given. What answers here is not AWS KMS.',
          )
        }
        return { requestId: answer.requestId, detail: 'The same bytes came back, from the same key.' }
      },
      explain('kms:Decrypt'),
    )
    tell(check)
    return check.status === 'passed'
  }

  /** Keeps installation and environment, so that a policy bound to these does not hide what is tested. */
  async function wrongContext(used: string, ciphertext: Uint8Array): Promise<Check> {
    const base = { ...of('key.context'), title: checkTitles['key.context'] }
    const started = performance.now()
    const took = () => Math.round(performance.now() - started)
    try {
      const { requestId } = await kms.decrypt(used, ciphertext, { ...context, probe: randomUUID() })
      return { ...base, ...acceptedWrongContext, awsRequestId: requestId, durationMs: took() }
    } catch (error) {
      const fault = faultOf(error)
      const durationMs = took()
      if (fault.code === 'InvalidCiphertextException' || isKeyStoreCiphertext(fault.code, fault.message)) {
        const detail = 'KMS refused to decrypt under another encryption context.'
        return { ...base, status: 'passed', detail, awsRequestId: fault.requestId, durationMs }
      }
      const diagnosis = await explain('kms:Decrypt')(fault)
      const told = failed(base, fault, diagnosis, durationMs)
      if (fault.kind === 'refused') {
        const denied = /^AccessDenied/.test(fault.code)
        const detail = `Inconclusive: ${denied ? 'a policy' : 'KMS'} refused the request before the context was compared.`
        return { ...told, title: base.title, status: 'warning', detail }
      }
      return { ...told, title: `Wrong context could not be tried: ${diagnosis.title}` }
    }
  }

  /** Without a ciphertext the permission can still be asked for, so that one look at the report shows both refusals. */
  async function mayDecrypt(ask: boolean): Promise<Check> {
    const untried = skipped(of('key.decrypt'), 'Needs Encrypt.')
    if (!ask) return untried
    const { check, fault } = await runCheck(
      of('key.decrypt'),
      async () => {
        await kms.mayDecrypt(keyArn ?? typed, context)
        return { requestId: undefined, detail: '' }
      },
      explain('kms:Decrypt'),
    )
    if (fault?.code === 'DryRunOperationException')
      return {
        ...untried,
        detail: 'It is allowed, but was not tried: it needs Encrypt.',
        awsRequestId: fault.requestId,
      }
    return fault && /^AccessDenied/.test(fault.code) ? check : untried
  }

  await Promise.all([describe(), encrypt()])
  return { keyArn }
}

const acceptedWrongContext = {
  status: 'failed',
  kind: 'invalid',
  title: 'A wrong context was accepted',
  detail:
    'The ciphertext opened although the encryption context was a different one. A wrapped key could be moved to another backup unnoticed.',
  cause: 'What answers here does not authenticate the encryption context, so it is not AWS KMS.',
  who: 'network',
  fix: 'Check the endpoint. Do not keep backups behind it.',
} as const

function notAKey(message: string): Diagnosis {
  return {
    title: 'This is not a KMS key',
    detail: message,
    cause: 'The value has not the form of a key ARN, key ID, alias or alias ARN.',
    who: 'settings',
    fix: 'Copy the key ARN from KMS > Customer managed keys.',
  }
}

function elsewhere(keyRegion: string | undefined, region: string): Diagnosis | undefined {
  if (!keyRegion || keyRegion === region) return undefined
  return {
    title: 'The key is in another Region',
    detail: regionMismatch(keyRegion, region),
    cause: 'A KMS key works only in its own Region, and backups are encrypted where they are stored.',
    who: 'settings',
    fix: `Choose the Region ${keyRegion}, or a key that is in ${region}.`,
  }
}

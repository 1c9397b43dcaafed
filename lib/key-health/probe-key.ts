import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { isKeyStoreFault } from '#lib/aws/external-key-store.ts'
import { type AwsFault, faultOf, isOnTheWay, throttledBy } from '#lib/aws/fault.ts'
import { AppError } from '#lib/errors.ts'
import { diagnoseKms } from '#lib/keys/diagnose-kms.ts'
import { judgeKey } from '#lib/keys/judge-key.ts'
import type { KeyContext } from '#lib/keys/key-wrapper.ts'
import type { Kms } from '#lib/keys/kms.ts'
import type { KmsAction } from '#lib/keys/kms-situation.ts'
import { type Finding, isWordOfKms } from './judge-state.ts'
import type { KeyDiagnosis } from './schema.ts'

export interface Probe {
  readonly found: Finding
  /** Null where nothing is wrong. */
  readonly diagnosis: KeyDiagnosis | null
  readonly deletionDate: Date | null
  /** Of the slowest call. */
  readonly tookMs: number
}

export interface KeyToProbe {
  readonly arn: string
  readonly region: string
  readonly installation: string
  readonly environment: string
  /** Absent: what policies put conditions on, and a purpose of its own. */
  readonly boundTo?: KeyContext
  /** A call that takes longer is slow; KMS answers within a few hundredths of a second. */
  readonly slowMs?: number
}

interface Trouble {
  readonly found: Finding
  readonly diagnosis: KeyDiagnosis
}

/**
 * DescribeKey; then Encrypt, and Decrypt of what came, unless KMS has already said that it would refuse them. Never
 * throws for what KMS answers.
 */
export async function probeKey(
  kms: Kms,
  { arn, region, installation, environment, boundTo, slowMs = 2_000 }: KeyToProbe,
): Promise<Probe> {
  const situation = { keyArn: arn, region, callerArn: undefined, installation, environment }
  const troubles: Trouble[] = []
  let slowest = 0
  let uses = 0

  async function call<T>(action: KmsAction, run: () => Promise<T>): Promise<T | undefined> {
    const started = performance.now()
    try {
      const answer = await run()
      if (action !== 'kms:DescribeKey') uses += 1
      return answer
    } catch (error) {
      troubles.push(
        error instanceof AppError ? { found: 'r', diagnosis: impostor(error) } : troubleOf(faultOf(error), action),
      )
      return undefined
    } finally {
      slowest = Math.max(slowest, Math.round(performance.now() - started))
    }
  }
  function troubleOf(fault: AwsFault, action: KmsAction): Trouble {
    const diagnosis = diagnoseKms(fault, action, situation)
    if (throttledBy(fault)) return { found: 'd', diagnosis }
    const found = findingOf(fault)
    return { found, diagnosis: found === 'n' && diagnosis.who === 'settings' ? gone(diagnosis) : diagnosis }
  }

  const described = await call('kms:DescribeKey', () => kms.describe(arn))
  const metadata = described?.metadata
  if (metadata) {
    const {
      status,
      title,
      detail,
      cause = '',
      who,
      fix = '',
      remedies,
    } = judgeKey(metadata, { id: 'key.usable' }, arn, region)
    if (status === 'failed') {
      const diagnosis = { title, detail, cause, who, fix, remedies }
      const pending = metadata.KeyState === 'PendingDeletion' || metadata.KeyState === 'PendingReplicaDeletion'
      const deletionDate = metadata.DeletionDate ?? null
      return { found: pending ? 'p' : 'o', diagnosis, deletionDate, tookMs: slowest }
    }
  }
  if (!troubles.some(({ found }) => isWordOfKms(found))) {
    const context = boundTo ?? { installation, environment, purpose: 'key-health', probe: randomUUID() }
    const secret = randomBytes(32)
    const sealed = await call('kms:Encrypt', () => kms.encrypt(arn, secret, context))
    if (sealed)
      await call('kms:Decrypt', async () => {
        const { keyArn, plaintext } = await kms.decrypt(arn, sealed.ciphertext, context)
        if (keyArn !== arn || sealed.keyArn !== arn || plaintext.length !== 32 || !timingSafeEqual(plaintext, secret))
          throw new AppError('integrity', 'KMS gave back other bytes than it was given, or used another key.')
      })
  }
  const worst = worstOf(troubles)
  if (!worst) {
    const slow = slowest > slowMs
    return { found: slow ? 'd' : 'g', diagnosis: slow ? slowly(slowest) : null, deletionDate: null, tookMs: slowest }
  }
  // The key can be used, if not always: that is no outage. That KMS describes it proves nothing of that: it does so while
  // the external key store that holds the key is away.
  const found = worst.found === 'u' && uses > 0 ? 'd' : worst.found
  return { found, diagnosis: worst.diagnosis, deletionDate: null, tookMs: slowest }
}

/** Of what KMS says of a key itself, of policies and of the way to it; undefined where all is well. */
export function worstOf<T extends { readonly found: Finding }>(all: readonly T[]): T | undefined {
  return ['n', 'p', 'o', 'r', 'u', 'd'].flatMap((letter) => all.filter(({ found }) => found === letter))[0]
}

function findingOf(fault: AwsFault): Finding {
  const { code, message } = fault
  if (isOnTheWay(fault)) return 'u'
  // “Invalid arn REGION”: KMS of another Region was asked, which does not know what became of the key.
  if (code === 'NotFoundException') return /^Invalid arn/.test(message) ? 'r' : 'n'
  if (code === 'DisabledException') return /pending deletion/i.test(message) ? 'p' : 'o'
  // A key store outside of AWS says no to a request: that is not KMS's word on the key.
  if (isKeyStoreFault(code, message)) return 'r'
  if (code === 'KMSInvalidStateException') return /pending (replica )?deletion/i.test(message) ? 'p' : 'o'
  return 'r'
}

/** A key that is watched was there once: it need not be mistyped. */
function gone(diagnosis: KeyDiagnosis): KeyDiagnosis {
  return {
    ...diagnosis,
    title: 'KMS does not know this key any more',
    who: 'key',
    cause: 'It was deleted after its waiting time, or these credentials lead to another partition of AWS.',
    fix: 'Nothing brings a deleted key back. Backups that another key opens can be re-wrapped; the others are lost.',
  }
}

function slowly(ms: number): KeyDiagnosis {
  return {
    title: 'KMS answers slowly',
    detail: `The slowest call took ${(ms / 1000).toFixed(1)} seconds. Backups and restores work, but wait for it.`,
    cause: 'The line to AWS is slow, something on it holds requests up, or KMS is busy.',
    who: 'network',
    fix: 'Look at the network and the proxy between this console and AWS, and at health.aws.amazon.com.',
  }
}

function impostor(error: AppError): KeyDiagnosis {
  return {
    title: 'What answers is not AWS KMS',
    detail: error.message,
    cause: 'The answer is not one that AWS gives.',
    who: 'network',
    fix: 'Check the endpoint and what lies between this console and AWS.',
  }
}

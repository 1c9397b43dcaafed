import { type AwsAccess, type AwsClients, accessIn, createAwsClients } from '#lib/aws/clients.ts'
import type { AssumedRole } from '#lib/aws/credentials.ts'
import { watchClock } from '#lib/aws/watch-clock.ts'
import { checkClock, clockRefused } from '#lib/keys/check-clock.ts'
import { checkCredentials } from '#lib/keys/check-credentials.ts'
import { checkKey } from '#lib/keys/check-key.ts'
import { kmsOf } from '#lib/keys/kms.ts'
import { kmsLookupsOf } from '#lib/keys/kms-lookups.ts'
import { proveExternalId } from '#lib/keys/prove-external-id.ts'
import { skipped } from '#lib/keys/run-check.ts'
import {
  type Check,
  type CheckReport,
  checkName,
  checkTitles,
  parseKeyIdentifier,
  plannedChecks,
  regionOf,
} from '#lib/keys/schema.ts'
import { checkBucket } from '#lib/storage/check-bucket.ts'

export interface WhatToCheck {
  readonly access: AwsAccess
  readonly installation: string
  readonly environment: string
  /** As typed, the main key first; none when no KMS key is used. All but the main one may be in other Regions. */
  readonly keys: readonly string[]
  /** Undefined when there is no bucket to try. */
  readonly bucket: { readonly name: string; readonly prefix: string } | undefined
  /** Whether a role must also be seen to demand the external ID. Not where it is in use already: its owner hears of each try. */
  readonly proveRole?: boolean
}

/**
 * All checks on keys and a bucket, independent ones at once: at most four calls wait for one another.
 * Never throws for what AWS answers: a report is data. `ok` says that nothing failed, of any key; what could not be
 * tried because something else failed is `skipped`.
 * @param tell hears of each check as soon as it is known, in no order; the report has them in order
 */
export async function checkEnvironment(
  { access, installation, environment, keys, bucket, proveRole = true }: WhatToCheck,
  tell: (check: Check) => void = () => {},
): Promise<CheckReport> {
  const started = performance.now()
  const { region } = access
  const byRegion = new Map<string, AwsClients>()
  const clientsIn = (where: string) => {
    const clients = byRegion.get(where) ?? createAwsClients(accessIn(access, where), 'interactive')
    byRegion.set(where, clients)
    return clients
  }
  const regions = keys.map((typed, index) => (index === 0 ? region : (regionTyped(typed) ?? region)))
  const main = clientsIn(region)
  for (const where of regions) clientsIn(where)
  const clock = watchClock([...byRegion.values()])
  try {
    const role = 'roleArn' in access.credentials ? access.credentials : undefined
    const identity = checkCredentials(main, role && { arn: role.roleArn, externalId: role.externalId }, region)
    const caller = identity.then(({ callerArn }) => callerArn)
    const known = new Map<string, Check>()
    const show = (check: Check) => {
      known.set(checkName(check), check)
      tell(check)
    }
    // With wrong credentials, or a wrong clock, every call fails alike; saying it twenty times hides the one thing to mend.
    const showing: Promise<void>[] = []
    const settle = (check: Check) => {
      showing.push(
        identity.then(({ check: { status }, clockFault }) => {
          if (check.status === 'passed') show(check)
          else if (clockFault) show(waits(check, 'Needs a clock that is right.'))
          else show(status === 'failed' ? waits(check, 'Needs working credentials.') : check)
        }),
      )
    }
    const proven = proveRole ? role : undefined
    const prove = async (assumed: AssumedRole) => {
      const { check, clockFault } = await identity
      const isTaken = check.status !== 'failed' && !clockFault
      settle(
        isTaken
          ? await proveRoleOf(access, assumed)
          : skipped({ id: 'credentials.externalId' }, 'Needs working credentials.'),
      )
    }
    const [{ check: credentials, clockFault }, found] = await Promise.all([
      identity.then((answer) => {
        show(answer.check)
        return answer
      }),
      Promise.all(
        keys.map((typed, index) => {
          const where = regions[index] ?? region
          const { kms } = clientsIn(where)
          const calls = { ...kmsOf(kms), ...kmsLookupsOf(kms) }
          return checkKey(calls, { typed, index, region: where, installation, environment, caller }, settle)
        }),
      ),
      bucket &&
        checkBucket(
          main.s3,
          { bucket: bucket.name, region, folder: [bucket.prefix, environment].filter(Boolean).join('/'), caller },
          settle,
        ),
      proven && prove(proven),
    ])
    await Promise.all(showing)
    if (keys.length > 1) show(judgeKeys(keys.length, [...known.values()]))
    show(clockFault ? clockRefused(clockFault, clock.offsetMs()) : checkClock(clock.offsetMs()))
    const checks = plannedChecks(keys.length, bucket !== undefined, proven !== undefined).flatMap(
      (one) => known.get(checkName(one)) ?? [],
    )
    const ok = credentials.status !== 'failed' && checks.every((check) => check.status !== 'failed')
    return {
      ok,
      keyArn: found[0]?.keyArn ?? null,
      keys: keys.map((typed, index) => ({
        typed,
        keyArn: found[index]?.keyArn ?? null,
        region: regions[index] ?? region,
      })),
      region,
      durationMs: Math.round(performance.now() - started),
      checks,
    }
  } finally {
    for (const clients of byRegion.values()) clients.destroy()
  }
}

async function proveRoleOf(access: AwsAccess, { roleArn: arn, externalId, sessionName, base }: AssumedRole) {
  const { sts, destroy } = createAwsClients({ ...access, credentials: base }, 'interactive')
  try {
    return await proveExternalId(sts, { arn, externalId, sessionName })
  } finally {
    destroy()
  }
}

/** A further key is asked where its ARN says that it is. */
function regionTyped(typed: string): string | undefined {
  const parsed = parseKeyIdentifier(typed)
  return parsed.ok ? regionOf(parsed.key) : undefined
}

function waits({ id, key, durationMs }: Check, detail: string): Check {
  return { id, ...(key !== undefined && { key }), title: checkTitles[id], status: 'skipped', detail, durationMs }
}

/** Several keys are there so that one can fail. When only one is left, it no longer may. */
function judgeKeys(count: number, checks: readonly Check[]): Check {
  const broken = new Set(checks.flatMap(({ key, status }) => (status === 'failed' && key !== undefined ? [key] : [])))
  const healthy = count - broken.size
  const base = { id: 'keys' as const, title: checkTitles.keys, durationMs: 0 }
  const detail = `${healthy} of ${count} keys ${healthy === 1 ? 'works' : 'work'}.`
  if (checks.every(({ key, status }) => key === undefined || status === 'skipped'))
    return { ...base, status: 'skipped', detail: 'No key was tried.' }
  if (healthy > 1) return { ...base, status: 'passed', detail }
  if (checks.every(({ key, status, kind }) => key === undefined || status !== 'failed' || kind === 'unreachable'))
    return {
      ...base,
      title: 'Not every key gave an answer',
      status: 'warning',
      detail: `${healthy} of ${count} keys ${healthy === 1 ? 'was' : 'were'} seen to work.`,
      cause: 'Nothing is known to be wrong with the others: AWS gave no usable answer for them.',
      who: 'wait',
      fix: 'Check again when AWS answers in their Regions.',
    }
  return {
    ...base,
    title: healthy === 1 ? 'Only one key works' : 'No key works',
    status: 'warning',
    detail,
    cause:
      healthy === 1
        ? 'If this key is lost too, nothing that was encrypted under it can be opened again.'
        : 'Nothing that was encrypted under these keys can be opened now.',
    who: 'key',
    fix: 'Mend the other keys as said above, or replace them.',
  }
}

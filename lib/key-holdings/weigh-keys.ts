import type { KeyFacts } from './read-facts.ts'
import type { Amount, KeyHolding, SealHolding } from './schema.ts'

/**
 * What hangs on every key that a backup, a revision of the environment or the seal ever named.
 * @param usable whether a key that nobody takes away opens anything now; only such a key is another way in
 */
export function weighKeys(facts: KeyFacts, usable: (arn: string) => boolean): KeyHolding[] {
  // Looked up, not looked for: with thousands of keys there are as many groups of backups.
  const groups = groupsOf(facts)
  return keysIn(facts).map((arn) => weighKey(facts, groups, arn, usable))
}

/** Weighs one key after the other, when each is asked for. */
export interface Scale {
  /** Whose states decide what would be lost with a key. */
  beside(arn: string): string[]
  weigh(arn: string, usable: (arn: string) => boolean): KeyHolding
}

export function scaleOf(facts: KeyFacts): Scale {
  const groups = groupsOf(facts)
  const sealing = facts.rootKeys.flatMap(({ wraps }) => wraps)
  return {
    beside(arn) {
      const keyIds = [arn, ...facts.rootKeys.filter(({ wraps }) => wraps.includes(arn)).map(({ id }) => id)]
      const opening = keyIds.flatMap((id) => groups.complete.get(id) ?? []).flatMap((group) => group.keyIds)
      return [...new Set([...sealing, ...opening])].filter(isArn)
    },
    weigh: (arn, usable) => weighKey(facts, groups, arn, usable),
  }
}

const groupsOf = ({ complete, underWay }: KeyFacts): ByKeyId => ({
  complete: byKeyId(complete),
  underWay: byKeyId(underWay),
})

interface ByKeyId {
  readonly complete: ReadonlyMap<string, KeyFacts['complete']>
  readonly underWay: ReadonlyMap<string, KeyFacts['underWay']>
}

function byKeyId<G extends { readonly keyIds: readonly string[] }>(groups: readonly G[]): ReadonlyMap<string, G[]> {
  const found = new Map<string, G[]>()
  for (const group of groups)
    for (const keyId of new Set(group.keyIds)) {
      const so = found.get(keyId)
      if (so) so.push(group)
      else found.set(keyId, [group])
    }
  return found
}

/** Every KMS key that is named anywhere. */
function keysIn({ complete, underWay, revisions, rootKeys }: KeyFacts): string[] {
  const named = [
    ...[...complete, ...underWay].flatMap(({ keyIds }) => keyIds),
    ...revisions.flatMap(({ keys }) => keys.map(({ arn }) => arn)),
    ...rootKeys.flatMap(({ wraps }) => wraps),
  ]
  return [...new Set(named)].filter(isArn)
}

const isArn = (keyId: string) => keyId.startsWith('arn:')

function weighKey(facts: KeyFacts, groups: ByKeyId, arn: string, usable: (arn: string) => boolean): KeyHolding {
  const { revisions, inForce, schedules, rootKeys } = facts
  const sealed = rootKeys.filter(({ wraps }) => wraps.includes(arn))
  const opensWithout = opener(facts, (other) => other !== arn && usable(other))
  const direct = groups.complete.get(arn) ?? []
  const through = [...new Set(sealed.flatMap(({ id }) => groups.complete.get(id) ?? []))]
  const survives = ({ keyIds }: { keyIds: readonly string[] }) => keyIds.some(opensWithout)
  const lost = [...new Set([...direct, ...through])].filter((group) => !survives(group))
  const place = inForce?.keys.findIndex((key) => key.arn === arn) ?? -1
  const inUse = inForce !== undefined && place >= 0
  const named = revisions.find(({ keys }) => keys.some((key) => key.arn === arn))
  return {
    arn,
    ...amountOf(direct),
    otherWayIn: amountOf(direct.filter(survives)).backups,
    lost: amountOf(lost),
    underWay: (groups.underWay.get(arn) ?? []).reduce((sum, { backups }) => sum + backups, 0),
    environment: inUse ? { as: place === 0 ? 'main' : 'further', revision: inForce.number } : null,
    schedules: inUse ? schedules.enabled : 0,
    pausedSchedules: inUse ? schedules.paused : 0,
    seal: sealed.length === 0 ? null : sealOf(sealed, opensWithout, through),
    aliases: aliasesOf(facts, arn),
    named: named ? { revision: named.number, at: named.at.toISOString() } : null,
  }
}

/** Says of each key ID whether it opens a backup: a usable KMS key, or a root key that something usable unwraps. */
export function opener({ rootKeys }: KeyFacts, usable: (arn: string) => boolean): (keyId: string) => boolean {
  // A key file opens as long as this console's data folder is there.
  const unwraps = (keyId: string) => !isArn(keyId) || usable(keyId)
  const unwrapped = new Set(rootKeys.filter(({ wraps }) => wraps.some(unwraps)).map(({ id }) => id))
  return (keyId) => (isArn(keyId) ? usable(keyId) : unwrapped.has(keyId))
}

function sealOf(
  sealed: KeyFacts['rootKeys'],
  opensWithout: (keyId: string) => boolean,
  through: KeyFacts['complete'],
): SealHolding {
  const only = sealed.filter(({ id }) => !opensWithout(id))
  return {
    rootKeys: sealed.length,
    onlyWayIn: only.length,
    secrets: only.reduce((sum, { values }) => sum + values, 0),
    through: amountOf(through),
  }
}

function aliasesOf({ revisions, inForce }: KeyFacts, arn: string): KeyHolding['aliases'] {
  const typed = (keys: KeyFacts['revisions'][number]['keys']) =>
    keys.filter((key) => key.arn === arn && /(^|:)alias\//.test(key.typed)).map((key) => key.typed)
  const now = inForce ? typed(inForce.keys) : []
  const ever = new Set([...now, ...revisions.flatMap(({ keys }) => typed(keys))])
  return [...ever].map((name) => ({ name, inForce: now.includes(name) }))
}

function amountOf(groups: KeyFacts['complete']): Amount {
  const earliest = groups.reduce<Date | undefined>((so, { oldest }) => (so && so <= oldest ? so : oldest), undefined)
  const latest = groups.reduce<Date | undefined>((so, { newest }) => (so && so >= newest ? so : newest), undefined)
  return {
    backups: groups.reduce((sum, { backups }) => sum + backups, 0),
    bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
    oldest: earliest?.toISOString() ?? null,
    newest: latest?.toISOString() ?? null,
  }
}

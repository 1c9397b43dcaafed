import { parseArn } from './arn.ts'
import { sandboxInfo } from './info.ts'
import type { SandboxView } from './schema.ts'
import type { World } from './world.ts'

/** What the Sandbox page lists. */
export function sandboxView(world: World, endpoint: string): SandboxView {
  return {
    endpoint,
    keys: sandboxInfo(world, endpoint).keys.map(({ arn, region, state, usable, about }) => {
      const { account = '', resource = '' } = parseArn(arn) ?? {}
      const { aliases } = world.keys.shelf(account, region)
      const names = aliases.filter(({ keyId }) => resource === `key/${keyId}`).map(({ name }) => name)
      return { arn, account, region, aliases: names, state, usable, about }
    }),
    buckets: world.buckets.all().map(({ settings, index }) => ({
      name: settings.name,
      region: settings.region,
      objects: index.count,
      bytes: index.bytes,
    })),
    bytes: world.buckets.bytes,
    capacity: world.buckets.capacity,
    calls: world.log.report().recent,
    faults: world.faults.list(),
    rehearsal: world.rehearsals.active,
  }
}

import { recordAudit } from '#lib/audit/record.ts'
import { exchangeSeal } from './exchange-seal.ts'
import { type KeyringContext, openKeyring } from './keyring.ts'
import { destroyUnused, moveValues, rotateRoot } from './move-values.ts'
import { openSeal, type SealHost, sealSettingsOf } from './open-seal.ts'
import type { Seal } from './seal.ts'

// What an administrator does to the seal, from the command line or the page. Each may be ended and run again.

type OnMoved = (moved: number, total: number) => void

async function withConfigured<T>(context: KeyringContext, host: SealHost, run: (seal: Seal) => Promise<T>): Promise<T> {
  const seal = await openSeal(context, sealSettingsOf(host).active, host, false)
  try {
    return await run(seal)
  } finally {
    seal.close()
  }
}

/** Wraps the root keys under the key that is configured now and, with `values`, moves all sealed values to the newest. */
export async function rewrapSeal(
  context: KeyringContext,
  host: SealHost,
  { values, actor, onMoved }: { values: boolean; actor: string; onMoved?: OnMoved },
) {
  return withConfigured(context, host, async (seal) => {
    const keyring = await openKeyring(context, seal)
    const rootKeys = await exchangeSeal(context, seal, seal)
    const moved = values ? await moveValues({ ...context, seal: keyring }, onMoved) : 0
    const destroyed = values ? (await destroyUnused(context)).destroyed : []
    const subject = `${seal.keyId} (${rootKeys} root keys, ${moved} values)`
    await recordAudit(context.db, { actor, action: 'seal.rewrap', outcome: 'success', subject })
    return { keyId: seal.keyId, rootKeys, moved, destroyed }
  })
}

/** Adds a root key, moves every value to it, and destroys those that nothing names any more. */
export async function rotateSeal(
  context: KeyringContext,
  host: SealHost,
  { actor, onMoved }: { actor: string; onMoved?: OnMoved },
) {
  return withConfigured(context, host, async (seal) => {
    const keyring = await openKeyring(context, seal)
    const result = await rotateRoot({ ...context, seal: keyring }, onMoved)
    const subject = `${result.id} (${result.moved} values moved, ${result.destroyed.length} root keys destroyed)`
    await recordAudit(context.db, { actor, action: 'seal.rotate-root', outcome: 'success', subject })
    return result
  })
}

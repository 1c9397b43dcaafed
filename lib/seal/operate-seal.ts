import { recordAudit } from '#lib/audit/record.ts'
import { count } from '#lib/count-text.ts'
import { exchangeSeal } from './exchange-seal.ts'
import type { KeyringContext } from './keyring.ts'
import { destroyUnused, moveValues, rotateRoot } from './move-values.ts'
import type { SealHost } from './open-seal.ts'
import { type Unsealed, unseal } from './unseal.ts'

// What an administrator does to the seal, from the command line or the page. Each may be ended and run again.

type OnMoved = (moved: number, total: number) => void

/** Throws AppError `sealed` with the diagnosis while the configured seal does not open. */
async function withSeal<T>(
  context: KeyringContext,
  host: SealHost,
  run: (unsealed: Unsealed) => Promise<T>,
): Promise<T> {
  const unsealed = await unseal(context, host)
  try {
    return await run(unsealed)
  } finally {
    unsealed.seal.close()
  }
}

/** Wraps the root keys under the key that is configured now and, with `values`, moves all sealed values to the newest. */
export async function rewrapSeal(
  context: KeyringContext,
  host: SealHost,
  { values, actor, onMoved }: { values: boolean; actor: string; onMoved?: OnMoved },
) {
  return withSeal(context, host, async ({ seal, keyring }) => {
    const rootKeys = await exchangeSeal(context, seal, seal)
    const moved = values ? await moveValues({ ...context, seal: keyring }, onMoved) : 0
    const destroyed = values ? (await destroyUnused(context)).destroyed : []
    const subject = `${seal.keyId} (${count(rootKeys, 'root key')}, ${count(moved, 'value')})`
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
  return withSeal(context, host, async ({ keyring }) => {
    const result = await rotateRoot({ ...context, seal: keyring }, onMoved)
    const subject = `${result.id} (${count(result.moved, 'value')} moved, ${count(result.destroyed.length, 'root key')} destroyed)`
    await recordAudit(context.db, { actor, action: 'seal.rotate-root', outcome: 'success', subject })
    return result
  })
}

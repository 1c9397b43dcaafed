import { AsyncLocalStorage } from 'node:async_hooks'

// On globalThis: Next loads a module once for pages, once for route handlers, and once for instrumentation.ts.
const kept: { vaultRequestAddress?: AsyncLocalStorage<string | undefined> } & typeof globalThis = globalThis
kept.vaultRequestAddress ??= new AsyncLocalStorage()
const addresses = kept.vaultRequestAddress

/** Everything that `run` begins is done for whoever has this address. */
export function forAddress<R>(address: string | undefined, run: () => R): R {
  return addresses.run(address, run)
}

/** Whose request is being answered. Undefined in a worker and on the command line. */
export function requestAddress(): string | undefined {
  return addresses.getStore()
}

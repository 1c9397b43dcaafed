import 'server-only'
import { nextCookies } from 'better-auth/next-js'
import { type Auth, createAuth } from '#lib/auth/create-auth.ts'
import { openServices, type Services } from '#lib/services.ts'

export interface Console extends Services {
  readonly auth: Auth
}

// On globalThis, because Next loads a module once for pages and once for route handlers.
const kept: { vaultConsole?: Promise<Console> } & typeof globalThis = globalThis

/** This process's services and sign-in, made by the first request that needs them. A failure is tried again. */
export function getConsole(): Promise<Console> {
  kept.vaultConsole ??= open().catch((error: unknown) => {
    kept.vaultConsole = undefined
    throw error
  })
  return kept.vaultConsole
}

async function open(): Promise<Console> {
  const services = await openServices()
  return { ...services, auth: createAuth(services.db, services.env, [nextCookies()]) }
}

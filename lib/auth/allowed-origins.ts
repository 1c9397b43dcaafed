import type { Env } from '#lib/env.ts'

/** Where requests that change something may come from. */
export function allowedOrigins(env: Pick<Env, 'publicUrl' | 'port'>): string[] {
  const own = new URL(env.publicUrl).origin
  const local = [`http://localhost:${env.port}`, `http://127.0.0.1:${env.port}`]
  return local.includes(own) ? local : [own]
}

import { type Env, readEnv } from '#lib/env.ts'
import { AppError } from '#lib/errors.ts'
import { openServices, type Services } from '#lib/services.ts'
import { findRunning } from '#lib/supervisor/running.ts'

/** The environment as the running console has it; the database's address comes from it unless DATABASE_URL is set. */
export function attachedEnv(): Env {
  const env = readEnv(undefined, { serves: false })
  const running = findRunning(env.dataDir)
  return {
    ...env,
    databaseUrl: env.databaseUrl ?? running?.databaseUrl,
    publicUrl: running?.url ?? env.publicUrl,
  }
}

/** Whether the database is gone for longer than a moment: it was the embedded one of a console that runs no more. */
export function hasConsoleStopped({ dataDir }: Env): boolean {
  return readEnv(undefined, { serves: false }).databaseUrl === undefined && !findRunning(dataDir)
}

/** Runs with the services of the running console, and lets go of them afterwards. */
export async function withServices<T>(run: (services: Services) => Promise<T>): Promise<T> {
  const env = attachedEnv()
  if (!env.databaseUrl) {
    throw new AppError('unavailable', `No console is running on the data folder ${env.dataDir}.`, {
      fix: 'Start it with npm start, or name its folder in VAULT_DATA_DIR.',
    })
  }
  const services = await openServices(env, { follow: false })
  try {
    return await run(services)
  } finally {
    await services.close()
  }
}

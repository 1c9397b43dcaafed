import { impatient } from '#lib/database-line.ts'
import { type Env, readEnv, whatDecidesSeal } from '#lib/env.ts'
import { AppError } from '#lib/errors.ts'
import { openServices, type Services } from '#lib/services.ts'
import { findRunning, isHidden } from '#lib/supervisor/running.ts'

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

/**
 * The variables that the console running here was started with otherwise than this shell has them, where one of the two
 * names a seal: what a command then finds out about the seal is not what the console finds out.
 */
export function sealSetOtherwise(env: Env): string[] {
  const there = findRunning(env.dataDir)?.seal
  if (!there) return []
  const here = whatDecidesSeal(env)
  if (![here, there].some((one) => one.VAULT_CONFIG ?? one.VAULT_SEAL_TYPE)) return []
  return Object.keys({ ...there, ...here }).filter((name) => here[name] !== there[name])
}

/** Whether the database is gone for longer than a moment: it was the embedded one of a console that runs no more. */
export function hasConsoleStopped({ dataDir }: Env): boolean {
  return readEnv(undefined, { serves: false }).databaseUrl === undefined && !findRunning(dataDir)
}

/** There is nothing to attach to. @param besides what else to know before it is started */
export function noConsole({ dataDir }: Env, besides = ''): AppError {
  return isHidden(dataDir)
    ? new AppError('unavailable', `The data folder ${dataDir} is another user’s, so its console cannot be reached.`, {
        fix: 'Run the command as the user who started the console, or set DATABASE_URL where it has a database of its own.',
      })
    : new AppError('unavailable', `No console is running on the data folder ${dataDir}.`, {
        fix: `Start it with npm start, or name its folder in VAULT_DATA_DIR.${besides}`,
      })
}

/** A console that is open needs its seal no more until it starts again; a command needs it each time. */
function notOpenedHere({ message, fix, remedies, cause }: AppError): AppError {
  const why = cause instanceof AppError ? cause.message : message
  return new AppError('sealed', `The console’s own secrets do not open for this command. ${why}`, {
    cause,
    remedies,
    ...(fix && { fix }),
  })
}

/** Runs with the services of the running console, and lets go of them afterwards. */
export async function withServices<T>(run: (services: Services) => Promise<T>): Promise<T> {
  const env = attachedEnv()
  if (!env.databaseUrl) throw noConsole(env)
  const services = await openServices(env, { follow: false, line: impatient }).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'sealed' ? notOpenedHere(error) : error
  })
  try {
    return await run(services)
  } finally {
    await services.close()
  }
}

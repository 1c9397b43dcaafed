import './outlive-full-log.mjs'
import { readEnv } from '#lib/env.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { migrateDeploy } from '#lib/migrate.ts'
import { nextBuild } from './build.ts'
import { consolePrograms } from './parts.ts'
import { Progress } from './progress.ts'
import { runConsole } from './run-console.ts'

/** `npm start`. */
try {
  const env = readEnv()
  // The children get the variables that this process got, the AWS_* ones for example.
  const environment = { ...process.env }
  await runConsole({
    env,
    environment,
    programs: consolePrograms(env),
    build: nextBuild({ ...environment, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }),
    progress: new Progress(process.stdout),
    async prepareDatabase(databaseUrl) {
      await migrateDeploy(databaseUrl)
      await (await import('#lib/jobs/queue.ts')).installQueues(databaseUrl)
      // Only now: it needs Prisma's client, which loads slowly.
      const { ensureSetup } = await import('#lib/auth/setup.ts')
      return ensureSetup({ databaseUrl, admin: env.admin, publicUrl: env.publicUrl })
    },
  })
  process.exit(0)
} catch (error) {
  console.error(error instanceof AppError || !(error instanceof Error) ? messageOf(error) : error.stack)
  process.exit(1)
}

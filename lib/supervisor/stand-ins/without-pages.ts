import path from 'node:path'
import { readEnv } from '#lib/env.ts'
import { messageOf } from '#lib/errors.ts'
import { installQueues } from '#lib/jobs/queue.ts'
import { migrateDeploy } from '#lib/migrate.ts'
import { consolePrograms } from '../parts.ts'
import { Progress } from '../progress.ts'
import { runConsole } from '../run-console.ts'

/** `npm start` with everything but the pages, so that nothing is built: `node without-pages.ts FOLDER`, a folder to build in. */
const standIn = (name: string) => [path.join(import.meta.dirname, `${name}.mjs`)] as const
try {
  const env = readEnv()
  await runConsole({
    env,
    environment: { ...process.env },
    programs: { ...consolePrograms(env), web: standIn('web') },
    build: { root: process.argv[2] ?? '', program: standIn('build'), environment: { ...process.env } },
    progress: new Progress(process.stdout),
    async prepareDatabase(databaseUrl) {
      await migrateDeploy(databaseUrl)
      await installQueues(databaseUrl)
      return { setupUrl: undefined }
    },
  })
  process.exit(0)
} catch (error) {
  console.error(messageOf(error))
  process.exit(1)
}

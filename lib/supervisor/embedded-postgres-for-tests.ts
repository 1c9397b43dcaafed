import { once } from 'node:events'
import { prepareEmbeddedPostgres } from './embedded-postgres.ts'

/** A server by itself, without a console. */
export async function startEmbeddedPostgres(dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = await prepareEmbeddedPostgres(dataDir)
  const child = await server.spawn()
  const exited = once(child, 'exit')
  await server.ready(child)
  return {
    url: server.url,
    async stop() {
      child.kill('SIGINT')
      await exited
    },
  }
}

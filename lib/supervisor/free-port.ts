import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'

/** @returns undefined when it can be listened on, otherwise the operating system's code, such as `EADDRINUSE` */
export async function portTrouble(port: number, host: string): Promise<string | undefined> {
  const answer = await listenOnce(port, host)
  return typeof answer === 'string' ? answer : undefined
}

/**
 * A loopback port that stays the same from start to start, so that what was told about it stays true; another one only
 * when it is taken.
 * @param file holds the port of last time
 */
export async function rememberedPort(file: string): Promise<number> {
  const known = Number(await readFile(file, 'utf8').catch(() => '0'))
  const port = Number.isInteger(known) && known > 0 && known < 65_536 ? known : 0
  let answer = await listenOnce(port, '127.0.0.1')
  if (typeof answer === 'string') answer = await listenOnce(0, '127.0.0.1')
  if (typeof answer === 'string') throw new Error(`No loopback port can be listened on: ${answer}.`)
  if (answer !== known) await writeFile(file, `${answer}\n`, { mode: 0o600 })
  return answer
}

/** @returns the port that was listened on for a moment, or the error's code */
function listenOnce(port: number, host: string): Promise<number | string> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(address && typeof address === 'object' ? address.port : port))
    })
  })
}

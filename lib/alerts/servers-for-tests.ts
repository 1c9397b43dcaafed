import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { certificate, privateKey } from './certificate-for-tests.ts'

export interface TestMailServer {
  readonly port: number
  /** Whole messages, as they came. */
  readonly mails: { readonly from: string; readonly to: string[]; readonly text: string; readonly secure: boolean }[]
  close(): Promise<void>
}

/** A real SMTP server that takes one user and password, on this machine. */
export async function openTestMailServer(
  { user, password }: { user: string; password: string },
  options: SMTPServerOptions = {},
): Promise<TestMailServer> {
  const mails: TestMailServer['mails'] = []
  const server = new SMTPServer({
    key: privateKey,
    cert: certificate,
    authOptional: user === '',
    onAuth(given, _, done) {
      if (given.username === user && given.password === password) done(null, { user })
      // As some servers do: it says back what it was told.
      else done(new Error(`535 no such user or password: ${given.username} ${given.password}`))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('utf8'),
          secure: session.secure,
        })
        done()
      })
    },
    ...options,
  })
  // A client that does not trust the certificate hangs up.
  server.on('error', () => {})
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    port: portOf(listening),
    mails,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

/** Takes connections and says nothing. */
export async function openSilentServer(): Promise<{ port: number; close(): Promise<void> }> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    open.add(socket)
  }).listen(0, '127.0.0.1')
  const open = new Set<{ destroy(): void }>()
  await once(server, 'listening')
  return {
    port: portOf(server),
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface TestWebhook {
  readonly url: string
  readonly port: number
  readonly calls: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders; readonly body: string }[]
  /** What it answers next, then 200; `silence`: nothing. */
  answers: (number | 'silence')[]
  close(): Promise<void>
}

export async function openTestWebhook(): Promise<TestWebhook> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    here.calls.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
    const answer = here.answers.shift() ?? 200
    if (answer !== 'silence') response.writeHead(answer, { location: '/elsewhere' }).end('an answer')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  const here: TestWebhook = {
    url: `http://127.0.0.1:${port}/hooks?team=keys`,
    port,
    calls: [],
    answers: [],
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return here
}

function portOf(server: Pick<Server, 'address'>): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { certificate, privateKey } from '#lib/alerts/certificate-for-tests.ts'
import { type ProxySettings, proxyIn } from './proxy.ts'

export interface ProxyOptions {
  /** `USER:PASSWORD` that it wants. */
  readonly login?: string
  /** Answers everybody so, as `403 Forbidden`. */
  readonly answers?: string
  /** Takes connections and says nothing. */
  readonly silent?: boolean
  /** Ends connections to hosts as soon as they are open. */
  readonly cuts?: boolean
}

/**
 * A real HTTP proxy on loopback. Whatever host it is asked for, it connects to one port of this machine: there every host
 * of the test is.
 */
export async function openProxy(leadsTo: number, { login, answers, silent, cuts }: ProxyOptions = {}) {
  const asked: string[] = []
  const open = new Set<Socket>()
  const server = createServer((_, response) => response.writeHead(400).end())
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
  })
  server.on('connect', (request, client: Socket, head: Buffer) => {
    asked.push(request.url ?? '')
    if (silent) {
      client.resume().once('end', () => client.end())
      return
    }
    const wanted = login && `Basic ${Buffer.from(login).toString('base64')}`
    const refusal =
      answers ??
      (wanted === undefined || wanted === request.headers['proxy-authorization']
        ? undefined
        : '407 Proxy Authentication Required')
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal}\r\nProxy-Authenticate: Basic realm="out"\r\nContent-Length: 4\r\n\r\nno.\n`)
      return
    }
    const host = connect(leadsTo, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      if (cuts) client.end()
      host.write(head)
      host.pipe(client).pipe(host)
    })
    for (const socket of [host, client])
      socket
        .on('error', () => {})
        .on('close', () => {
          host.destroy()
          client.destroy()
        })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    /** What it was asked to connect to, as `HOST:PORT`. */
    asked,
    connections: () => open.size,
    settings: (user = '', except = ''): ProxySettings =>
      settingsOf(`http://${user && `${user}@`}127.0.0.1:${port}`, except),
    async close(): Promise<void> {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** TLS in front of a sandbox, with the names of AWS. */
export async function openTlsFront(endpoint: string): Promise<Server> {
  const port = Number(new URL(endpoint).port)
  const server = createTlsServer({ cert: certificate, key: privateKey }, (socket) => {
    const behind = connect(port, '127.0.0.1')
    socket.pipe(behind).pipe(socket)
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export function settingsOf(HTTPS_PROXY: string, NO_PROXY = ''): ProxySettings {
  const settings = proxyIn({ HTTPS_PROXY, NO_PROXY })
  if (!settings) throw new Error('No proxy is set.')
  return settings
}

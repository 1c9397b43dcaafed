import { once } from 'node:events'
import { connect } from 'node:net'
import { createTransport } from 'nodemailer'
import type { ProxySettings } from '#lib/aws/proxy.ts'
import { AppError } from '#lib/errors.ts'
import { mailOf } from './message-text.ts'
import { guardedLookup, mustBeInReach, reachOfTarget } from './reach.ts'
import type { AlertMessage, TlsMode } from './schema.ts'

export interface MailSettings {
  readonly host: string
  readonly port: number
  readonly tls: TlsMode
  readonly user: string
  readonly from: string
  readonly to: readonly string[]
}

export interface Sending {
  readonly allowedEndpoints: readonly string[]
  /** For webhooks: mail servers are reached directly. */
  readonly proxy: ProxySettings | undefined
  /** Of this console. */
  readonly publicUrl: string
  /** The same for every try, so that what comes twice can be known by it. */
  readonly id: string
  /** For all of it. */
  readonly timeoutMs: number
}

/**
 * Throws AppError with what the server said, without the password.
 * @returns who does not get it, where others do
 */
export async function sendMail(
  { host, port, tls, user, from, to }: MailSettings,
  password: string | undefined,
  message: AlertMessage,
  { allowedEndpoints, publicUrl, id, timeoutMs }: Sending,
): Promise<string | undefined> {
  const target = { host: host.replace(/^\[|\]$/g, ''), port }
  const reach = reachOfTarget(target, allowedEndpoints)
  mustBeInReach(target, reach)
  const socket = connect({ ...target, lookup: guardedLookup(target, reach) })
  const late = setTimeout(() => {
    socket.destroy(new AppError('unreachable', `${host}:${port} did not finish within ${timeoutMs / 1000} seconds.`))
  }, timeoutMs)
  // Whoever waits below is told; without a listener an error in between would end the process.
  let broken: Error | undefined
  socket.on('error', (error) => {
    broken ??= error
  })
  try {
    await once(socket, 'connect')
    const transport = createTransport({
      host: target.host,
      port,
      connection: socket,
      secure: tls === 'tls',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      ...(user && { auth: { user, pass: password ?? '' } }),
    })
    const { subject, text } = mailOf(message, publicUrl)
    const domain = from.split('@').at(-1) ?? 'localhost'
    const sent = transport.sendMail({
      from: { name: 'Vault Console', address: from },
      to: [...to],
      subject,
      text,
      messageId: `<${id}@${domain}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
    const cut = once(socket, 'close').then(() => {
      throw broken ?? new Error('The server closed the connection.')
    })
    cut.catch(() => {})
    sent.catch(() => {})
    const { rejected } = await Promise.race([sent, cut])
    // Trying again would send it once more to those who have it.
    return rejected.length > 0
      ? `Not to ${rejected.map(addressOf).join(', ')}: the mail server refused them.`
      : undefined
  } catch (error) {
    throw mailTrouble(broken instanceof AppError ? broken : error, { host, port, tls, user }, password)
  } finally {
    clearTimeout(late)
    socket.destroy()
  }
}

const addressOf = (one: string | { address: string }) => (typeof one === 'string' ? one : one.address)

function mailTrouble(
  error: unknown,
  { host, port, tls, user }: Pick<MailSettings, 'host' | 'port' | 'tls' | 'user'>,
  password: string | undefined,
): AppError {
  if (error instanceof AppError) return error
  const { code, message } = { code: '', message: String(error), ...(error instanceof Error && wordsOf(error)) }
  const said = withoutSecret(message, user, password)
  const where = `${host}:${port}`
  if (code === 'EAUTH')
    return new AppError('denied', `The mail server ${where} did not take user name and password. It said: ${said}`, {
      fix: 'Enter the password again, or the user name that the server expects.',
    })
  if (code === 'ETLS' || /certificate|self-signed|altname|wrong version number|SSL|TLS/i.test(`${code} ${message}`))
    return new AppError('unreachable', `No trusted TLS connection to the mail server ${where} came about: ${said}`, {
      fix:
        tls === 'starttls'
          ? 'Choose TLS from the first byte if the server wants that (mostly port 465); for a certificate of your own authority name it in NODE_EXTRA_CA_CERTS and restart.'
          : 'Choose STARTTLS if the server wants that (mostly port 587); for a certificate of your own authority name it in NODE_EXTRA_CA_CERTS and restart.',
    })
  if (code === 'EENVELOPE' || code === 'EMESSAGE')
    return new AppError('denied', `The mail server ${where} refused the message: ${said}`, {
      fix: 'Look at the addresses, and at what the server allows this sender.',
    })
  return new AppError('unreachable', `The mail server ${where} could not be reached: ${said}`, {
    fix: 'Check host and port, and that this machine may connect there.',
  })
}

const wordsOf = (error: Error) => ({
  code: 'code' in error && typeof error.code === 'string' ? error.code : '',
  message: error.message,
})

/** A server may repeat what it was sent: as it is, in base64, or as the one word of AUTH PLAIN (RFC 4616). */
function withoutSecret(text: string, user: string, secret: string | undefined): string {
  const base64 = (words: string) => Buffer.from(words).toString('base64')
  const forms = secret ? [base64(`\0${user}\0${secret}`), secret, base64(secret)] : []
  return forms
    .reduce((rest, one) => rest.replaceAll(one, '…'), text)
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 500)
}

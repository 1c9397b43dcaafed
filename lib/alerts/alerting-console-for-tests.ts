import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { openTestConsole, type TestConsole } from '#lib/backup/console-for-tests.ts'
import type { KeyState } from '#lib/key-health/schema.ts'
import type { AlertContext } from './alert-settings.ts'
import { certificate } from './certificate-for-tests.ts'
import { alertOfKey } from './raise-alert.ts'
import type { SaveBy } from './save-alerts.ts'
import { type MailInput, mailInputSchema } from './schema.ts'
import { sendDue } from './send-due.ts'
import { openTestMailServer, openTestWebhook, type TestMailServer, type TestWebhook } from './servers-for-tests.ts'

export const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
/** Of the relay. */
export const password = 'Pa55-of-the-relay'
export const by: SaveBy = {
  actor: 'administrator@example.test',
  publicUrl: 'https://vault.example.com',
  confirm: async () => 'confirmed',
}
export const authorities = getCACertificates()

/** For the tests of one file: a console without alerts before each, and servers that it may send them to. */
export function alertingConsole() {
  const printed: string[] = []
  const closers: (() => Promise<void>)[] = []
  let vault: TestConsole
  let context: AlertContext
  beforeAll(async () => {
    setDefaultCACertificates([...authorities, certificate])
    vi.spyOn(console, 'error').mockImplementation((line: unknown) => void printed.push(String(line)))
    // Nothing is asked of AWS here.
    vault = await openTestConsole({ endpoint: 'http://127.0.0.1:9', credentials: { variables: {} } })
  })
  afterAll(async () => {
    setDefaultCACertificates(authorities)
    vi.restoreAllMocks()
    await vault.close()
  })
  beforeEach(async () => {
    printed.length = 0
    context = { ...vault.context, allowedEndpoints: [] }
    const { db } = vault
    await db.alertDelivery.deleteMany()
    await db.alert.deleteMany()
    await db.alertSettings.deleteMany()
    await db.sealedValue.deleteMany({ where: { place: { startsWith: 'alerts.' } } })
  })
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  /** Only these may be sent to. */
  function allow(...hosts: string[]): void {
    context = { ...context, allowedEndpoints: hosts }
  }
  /** Closed after the test. */
  function opened<T extends { readonly port: number; close(): Promise<void> }>(server: T): T {
    closers.push(() => server.close())
    allow(`localhost:${server.port}`, `127.0.0.1:${server.port}`)
    return server
  }
  const at = (minutes: number) => new Date(Date.UTC(2026, 10, 22) + minutes * 60_000)
  return {
    // From the first test on.
    get db() {
      return vault.db
    },
    get context() {
      return context
    },
    /** What the console wrote into its log. */
    printed,
    allow,
    opened,
    mailServer: async (options: Parameters<typeof openTestMailServer>[1] = {}): Promise<TestMailServer> =>
      opened(await openTestMailServer({ user: 'vault', password }, options)),
    webhook: async (): Promise<TestWebhook> => opened(await openTestWebhook()),
    send: (minutes: number, timeoutMs = 5_000) =>
      sendDue(context, { now: () => at(minutes), random: () => 0, timeoutMs }),
    change: (from: KeyState, to: KeyState, minutes = 0): Promise<void> =>
      vault.db.$transaction((tx) =>
        alertOfKey(tx, { arn, from, to, diagnosis: diagnosisOf(to), deletionDate: null, dependents, at: at(minutes) }),
      ),
    deliveries: () => vault.db.alertDelivery.findMany({ orderBy: { id: 'asc' } }),
  }
}

const dependents = {
  backups: 3,
  bytes: 2048,
  onlyWayIn: 2,
  onlyWayInBytes: 1024,
  schedules: 1,
  inUse: true,
  seal: null,
}

function diagnosisOf(state: KeyState) {
  if (state === 'healthy') return null
  const format = { format: 'cli' as const, file: 'fix.sh', text: 'aws kms enable-key' }
  return {
    title: 'The key is disabled',
    detail: 'No backup could be made or read.',
    cause: 'Somebody disabled it.',
    who: 'key' as const,
    fix: 'Enable the key.',
    remedies: [{ label: 'AWS CLI', note: '', formats: [format] }],
  }
}

/** Settings of a mail server on this machine. */
export function mail(port: number, changes: Partial<MailInput> = {}) {
  return mailInputSchema.parse({
    on: true,
    host: 'localhost',
    port,
    tls: 'starttls',
    user: 'vault',
    password,
    from: 'vault@example.test',
    to: 'one@example.test, two@example.test',
    ...changes,
  })
}

/** As text, so that a secret can be looked for anywhere in it. */
export function everythingOf(...values: unknown[]): string {
  return JSON.stringify(values, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

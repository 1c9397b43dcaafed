import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { seededRandom } from '#lib/backup/workers-for-tests.ts'
import { openTestDatabase } from '#lib/db-for-tests.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import type { KeyringContext } from './keyring.ts'
import type { SealHost } from './open-seal.ts'
import { rootKeyStatus } from './seal-status.ts'
import { getSealed, putSealed } from './sealed-values.ts'
import { unseal } from './unseal.ts'

const program = path.join(import.meta.dirname, '..', 'cli', 'main.ts')
const values = 60

type Config = 'local' | 'backups' | 'archive'
interface Run {
  readonly args: readonly string[]
  readonly from: Config
  readonly to: Config
}

/**
 * Kills real `byok seal …` processes at random steps: what they ask of KMS and what they tell the database are the only
 * ones that anybody sees. After each kill the old seal or the new one must open every value; then the same command, run
 * to its end, must finish the work.
 * @returns how many processes were killed, of each command too; the others had ended before
 */
export async function killSeals({ kills, seed }: { kills: number; seed: number }) {
  const random = seededRandom(seed)
  const folder = mkdtempSync(path.join(tmpdir(), 'vault-seal-kill-'))
  const sandbox = await openTestSandbox()
  const database = await openTestDatabase()
  const between = await openBetween(sandbox.sandbox.endpoint, database.url)
  try {
    const { id: installation } = await database.db.installation.findFirstOrThrow()
    const here: KeyringContext = { db: database.db, installation }
    const { accessKeyId, secretAccessKey } = sandbox.administrator
    const stanza = (alias: string, disabled: boolean) =>
      `seal "awskms" {\n  region = "us-east-1"\n  kms_key_id = "${keyArn(sandbox.info, alias)}"\n  endpoint = "${between.url}"\n  access_key = "${accessKeyId}"\n  secret_key = "${secretAccessKey}"\n  disabled = "${disabled}"\n}\n`
    const configured = (to: Config, from?: Config): string => {
      const file = path.join(folder, `${to}-${from ?? 'alone'}.hcl`)
      const left = from && from !== to && from !== 'local' ? stanza(from, true) : ''
      writeFileSync(file, `${left}${to === 'local' ? '' : stanza(to, false)}`, { mode: 0o600 })
      return file
    }
    const hostOf = (config: Config): SealHost => ({
      dataDir: folder,
      configFile: configured(config),
      variables: {},
      own: { credentials: { variables: {} }, endpoint: undefined },
    })
    const open = async (config: Config) => {
      const { keyring, seal } = await unseal(here, hostOf(config))
      try {
        for (let row = 0; row < values; row += 1) {
          const found = await getSealed(here.db, { ...here, seal: keyring }, { place: 'test.secret', row: `${row}` })
          if (String(Buffer.from(found ?? [])) !== `secret ${row}`) throw new Error(`Value ${row} is lost.`)
        }
      } finally {
        seal.close()
      }
    }
    const start = ({ args, from, to }: Run): ChildProcess =>
      spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, 'seal', ...args], {
        env: {
          PATH: process.env.PATH,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          DATABASE_URL: between.databaseUrl,
          VAULT_DATA_DIR: folder,
          VAULT_AWS: 'aws',
          VAULT_PUBLIC_URL: 'https://vault.example.test',
          NODE_ENV: 'test',
          VAULT_CONFIG: configured(to, from),
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      })

    const first = await unseal(here, hostOf('local'))
    for (let row = 0; row < values; row += 1) {
      const at = { place: 'test.secret', row: `${row}` }
      await putSealed(here.db, { ...here, seal: first.keyring }, at, Buffer.from(`secret ${row}`))
      if (row % 20 === 0) await first.keyring.rotate()
    }
    let now: Config = 'local'
    let killed = 0
    const killedOf: Record<string, number> = {}
    /** How many steps a command takes, as last seen. */
    const steps = new Map<string, number>()
    for (let round = 0; round < kills; round += 1) {
      const run = nextRun(now, random)
      const kind = run.args.join(' ')
      const child = start(run)
      const forwarded = random() < 0.5
      between.at(1 + Math.floor(random() * (steps.get(kind) ?? 60)), forwarded, () => child.kill('SIGKILL'))
      const [code, signal] = await ended(child)
      if (signal === 'SIGKILL') {
        killed += 1
        killedOf[kind] = (killedOf[kind] ?? 0) + 1
      } else if (code.code !== 0) throw new Error(`seed ${seed}, round ${round}, ${kind}: ${code.words}`)
      const told = `seed ${seed}, round ${round}, ${run.args.join(' ')} from ${run.from} to ${run.to}`
      await open(run.from).catch(() =>
        open(run.to).catch((cause: unknown) => {
          throw new Error(`${told}: neither seal opens everything.`, { cause })
        }),
      )
      between.at(0, false, () => undefined)
      const [again] = await ended(start(run))
      steps.set(kind, between.seen())
      if (again.code !== 0) throw new Error(`${told}: run again, it failed. ${again.words}`)
      await open(run.to).catch((cause: unknown) => {
        throw new Error(`${told}: run again, the new seal does not open everything.`, { cause })
      })
      now = run.to
    }
    return { kills, killed, killedOf, rootKeys: (await rootKeyStatus(here.db)).length }
  } finally {
    await between.close()
    await database.close()
    await sandbox.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function nextRun(now: Config, random: () => number): Run {
  const choice = random()
  if (choice < 0.2) return { args: ['rewrap', '--values'], from: now, to: now }
  if (choice < 0.4) return { args: ['rotate-root'], from: now, to: now }
  const others = (['local', 'backups', 'archive'] as const).filter((one) => one !== now)
  return { args: ['migrate'], from: now, to: others[Math.floor(random() * others.length)] ?? 'local' }
}

async function ended(child: ChildProcess) {
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  const [code, signal]: unknown[] = await once(child, 'close')
  return [{ code, words }, signal] as const
}

/** Stands before KMS and the database, counts what goes to either, and strikes at the n-th. */
async function openBetween(endpoint: string, databaseUrl: string) {
  let seen = 0
  let target = 0
  let afterwards = false
  let strike: () => void = () => undefined
  const step = (forward: () => void) => {
    seen += 1
    const meant = seen === target
    if (meant && !afterwards) return strike()
    forward()
    if (meant) setImmediate(strike)
  }

  const kms = createServer((incoming, response) => {
    step(() => {
      const { method, url, headers } = incoming
      const asked = request(new URL(url ?? '/', endpoint), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      asked.on('error', () => response.destroy())
      incoming.pipe(asked)
    })
  })
  const { hostname, port } = new URL(databaseUrl)
  const open = new Set<Socket>()
  const database = createTcpServer((client) => {
    const server = connect(Number(port), hostname)
    for (const one of [client, server]) {
      open.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        open.delete(one)
        client.destroy()
        server.destroy()
      })
    }
    client.on('data', (bytes) => step(() => server.write(bytes)))
    server.pipe(client)
  })
  const toDatabase = new URL(databaseUrl)
  toDatabase.hostname = '127.0.0.1'
  toDatabase.port = `${await listen(database)}`
  return {
    url: `http://127.0.0.1:${await listen(kms)}`,
    databaseUrl: toDatabase.href,
    seen: () => seen,
    /** From now on. @param n 0 for never @param forwarded whether the n-th still arrives */
    at(n: number, forwarded: boolean, then: () => void) {
      seen = 0
      target = n
      afterwards = forwarded
      strike = then
    },
    async close() {
      kms.closeAllConnections()
      for (const one of open) one.destroy()
      await Promise.all([kms, database].map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return address.port
}

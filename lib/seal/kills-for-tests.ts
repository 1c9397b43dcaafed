import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
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
 * Kills real `byok seal …` processes at random requests to KMS, and random moments after them. After each kill the old
 * seal or the new one must open every value; then the same command, run to its end, must finish the work.
 * @returns how many processes were killed, and how many had ended before
 */
export async function killSeals({ kills, seed }: { kills: number; seed: number }) {
  const random = seededRandom(seed)
  const folder = mkdtempSync(path.join(tmpdir(), 'vault-seal-kill-'))
  const sandbox = await openTestSandbox()
  const database = await openTestDatabase()
  const between = await openBetween(sandbox.sandbox.endpoint)
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
          DATABASE_URL: database.url,
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
    for (let round = 0; round < kills; round += 1) {
      const run = nextRun(now, random)
      const child = start(run)
      // Two keys at once would be two seals to prove: each takes about ten requests.
      between.after(1 + Math.floor(random() * 12), random() < 0.5, async () => {
        if (random() < 0.5) await delay(random() * 60)
        child.kill('SIGKILL')
      })
      const [code, signal] = await ended(child)
      between.after(0, false, async () => undefined)
      if (signal === 'SIGKILL') killed += 1
      else if (code.code !== 0) throw new Error(`seed ${seed}, round ${round}, ${run.args.join(' ')}: ${code.words}`)
      const told = `seed ${seed}, round ${round}, ${run.args.join(' ')} from ${run.from} to ${run.to}`
      await open(run.from).catch(() =>
        open(run.to).catch((cause: unknown) => {
          throw new Error(`${told}: neither seal opens everything.`, { cause })
        }),
      )
      const [again] = await ended(start(run))
      if (again.code !== 0) throw new Error(`${told}: run again, it failed. ${again.words}`)
      await open(run.to).catch((cause: unknown) => {
        throw new Error(`${told}: run again, the new seal does not open everything.`, { cause })
      })
      now = run.to
    }
    return { kills, killed, rootKeys: (await rootKeyStatus(here.db)).length }
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

/** Passes requests on to KMS, counts them, and tells when the n-th has come or has been answered. */
async function openBetween(endpoint: string) {
  let left = 0
  let onAnswer = false
  let strike: () => Promise<void> = async () => undefined
  const server = createServer((incoming, response) => {
    left -= 1
    const meant = left === 0
    if (meant && !onAnswer) void strike()
    const { method, url, headers } = incoming
    const asked = request(new URL(url ?? '/', endpoint), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
      if (meant && onAnswer) answer.on('end', () => void strike())
    })
    asked.on('error', () => response.destroy())
    incoming.pipe(asked)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** @param requests 0 for never */
    after(requests: number, answered: boolean, then: () => Promise<void>) {
      left = requests
      onAnswer = answered
      strike = then
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

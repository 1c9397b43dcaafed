import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { cpus, freemem, totalmem } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type Client, type ClientName, clientNames, makeClient, type Outcome } from './clients.ts'
import { mustBeSame, readTree, type Tree } from './compare-trees.ts'
import { type DataSet, makeIncompressible, makeLogs, makeSmallFiles } from './data-sets.ts'
import { makeScratch } from './end-together.ts'
import { type Direction, type Run, rounded, summarise, tableOf } from './figures.ts'
import { linearityOf } from './linearity.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

// `npm run bench`: backs up and restores the same data with this project and with other clients, against one stand-in.
//   --quick              256 MiB and 5,000 files in place of 1 GiB and 50,000
//   --runs N             of everything; 5 unless told
//   --clients a,b        some of vault, restic, rclone, aws, floor
//   --mib N --files N    other sizes
//   --restored DIR       restores go there in place of a folder in TMPDIR
//   --linearity          instead: our client alone, from 64 MiB to --max-gib (16 unless told) in steps of four
// Prints a line of JSON for each run, then a table, then one line of JSON: docs/performance.md says what is in it.

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    linearity: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    clients: { type: 'string', default: clientNames.join() },
    restored: { type: 'string' },
    mib: { type: 'string' },
    files: { type: 'string' },
    'max-gib': { type: 'string', default: '16' },
  },
})
const runs = Number(values.runs)
const bytes = Number(values.mib ?? (values.quick ? 256 : 1024)) * 2 ** 20
const files = Number(values.files ?? (values.quick ? 5_000 : 50_000))
const wanted = values.clients.split(',')

/** Of the machine's processor time, by its host. */
const MOST_STOLEN = 0.03
const ATTEMPTS = 4

const work = makeScratch('vault-bench-')
const restored = values.restored ? makeScratch('vault-bench-', values.restored) : path.join(work, 'restored')
mkdirSync(restored, { recursive: true })

const standIn = await startStandIn(path.join(work, 'stand-in'))
try {
  if (values.linearity) await linearity(standIn, Number(values['max-gib']))
  else await compare(standIn)
} finally {
  await standIn.close()
}

async function compare(standIn: StandIn): Promise<void> {
  const clients = clientNames
    .filter((name) => wanted.includes(name))
    .map((name) => makeClient(name, standIn, path.join(work, name)))
  say({
    machine: machine(),
    clients: clients.map(({ name, version }) => ({ name, version: version ?? 'not installed' })),
  })
  const installed = clients.filter(({ version }) => version !== undefined)
  const done: Run[] = []
  const makers = [
    (folder: string) => makeIncompressible(folder, bytes),
    (folder: string) => makeLogs(folder, bytes),
    (folder: string) => makeSmallFiles(folder, files),
  ]
  for (const make of makers) {
    const source = path.join(work, 'source')
    const set = make(source)
    const original = bothTrees(source)
    // Interleaved, so that what the machine does besides falls on all alike. Each round begins with another client, and
    // every other one goes backwards: nobody always comes after the same one.
    for (let run = 1; run <= runs; run++) {
      for (const [place] of installed.entries()) {
        const client = installed.at((run + (run % 2 === 0 ? place : -place)) % installed.length)
        if (client) done.push(...(await undisturbed(client, { source, set, original, run })))
      }
    }
    rmSync(source, { recursive: true })
    for (const left of readdirSync(restored)) rmSync(path.join(restored, left), { recursive: true })
  }
  console.log(tableOf(done))
  say({
    storedVsTarZstd: Object.fromEntries(
      ['incompressible', 'logs', 'small files'].map((set) => [set, stored(done, set)]),
    ),
  })
  say(summarise(done))
}

interface Task {
  readonly source: string
  readonly set: DataSet
  readonly original: Record<'content' | 'all', Tree>
  readonly run: number
}

/** On a virtual machine whose host gives its processors to others meanwhile, a run says little: it is made again. */
async function undisturbed(client: Client, task: Task): Promise<Run[]> {
  for (let attempt = 1; ; attempt++) {
    const before = processorTime()
    const pair = await both(client, task)
    const after = processorTime()
    const stolen = rounded((after.stolen - before.stolen) / (after.all - before.all), 3)
    if (stolen <= MOST_STOLEN) return pair
    say({ client: client.name, set: task.set.name, run: task.run, stolen, again: attempt < ATTEMPTS })
    if (attempt === ATTEMPTS) return pair
  }
}

/**
 * Backup, restore, comparison; and nothing is left, except that ext4 looks for a while at every inode that was freed
 * before it takes one for a new file: where thousands are restored after thousands were removed, 26 s in place of 4.
 */
async function both(client: Client, { source, set, original, run }: Task): Promise<Run[]> {
  const target = path.join(restored, randomUUID())
  await client.prepare()
  const backup = await timed(client, 'backup', set, run, () => client.backUp(source))
  const restore = await timed(client, 'restore', set, run, () => client.restore(target))
  const { keepsMetadata } = client
  mustBeSame(readTree(target, keepsMetadata), keepsMetadata ? original.all : original.content, client.name)
  if (set.name !== 'small files') rmSync(target, { recursive: true })
  await standIn.empty()
  return [backup, restore]
}

async function timed(
  client: Client,
  direction: Direction,
  set: DataSet,
  run: number,
  work: () => Promise<Outcome>,
): Promise<Run> {
  // Nobody pays for what another left to be written.
  execFileSync('sync')
  touchMemory(Math.min(2 * set.bytes, freemem() / 2))
  await standIn.countAnew()
  const { wallSeconds, cpuSeconds, peakMiB, insideSeconds } = await work()
  const { s3, kms } = await standIn.requests()
  const measured: Run = {
    client: client.name,
    set: set.name,
    direction,
    run,
    bytes: set.bytes,
    wallSeconds: rounded(wallSeconds, 3),
    cpuSecondsPerGiB: rounded(cpuSeconds / (set.bytes / 2 ** 30), 3),
    peakMiB: rounded(peakMiB, 1),
    ...(direction === 'backup' && { storedBytes: await client.storedBytes() }),
    s3Requests: s3,
    kmsRequests: kms,
    ...(insideSeconds !== undefined && { insideSeconds: rounded(insideSeconds, 3) }),
  }
  say(measured)
  return measured
}

/**
 * The host of a virtual machine may take back memory that lies free for seconds, and gives it again a page at a time, for
 * 1.5 s of processor time a GiB, which is whoever's turn it is then. Files in memory that are gone again leave it behind.
 */
function touchMemory(bytes: number): void {
  const file = path.join(work, 'memory')
  const piece = Buffer.alloc(16 * 2 ** 20, 1)
  const fd = openSync(file, 'w')
  try {
    for (let done = 0; done < bytes; done += piece.length) writeSync(fd, piece)
  } finally {
    closeSync(fd)
    rmSync(file)
  }
}

async function linearity(standIn: StandIn, maxGib: number): Promise<void> {
  say({ machine: machine() })
  const client = makeClient('vault', standIn, path.join(work, 'vault'))
  const done: Run[] = []
  for (let mib = 64; mib <= maxGib * 1024; mib *= 4) {
    const source = path.join(work, 'source')
    const set = makeIncompressible(source, mib * 2 ** 20)
    const original = bothTrees(source)
    for (let run = 1; run <= runs; run++) done.push(...(await undisturbed(client, { source, set, original, run })))
    rmSync(source, { recursive: true })
  }
  console.log(tableOf(done))
  say(linearityOf(done))
}

function bothTrees(source: string): Task['original'] {
  return { content: readTree(source, false), all: readTree(source, true) }
}

function stored(done: readonly Run[], set: string): number | null {
  const of = (name: ClientName) =>
    done.find((run) => run.client === name && run.set === set && run.direction === 'backup')?.storedBytes
  const [ours, floor] = [of('vault'), of('floor')]
  return ours === undefined || floor === undefined ? null : rounded(ours / floor, 4)
}

/** Of all processors since the start, in the kernel's ticks. https://docs.kernel.org/filesystems/proc.html */
function processorTime(): { readonly stolen: number; readonly all: number } {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [, user, nice, system, idle, iowait, irq, softirq, steal] = first.split(/ +/).map(Number)
  const parts = [user, nice, system, idle, iowait, irq, softirq, steal].map((ticks) => ticks ?? 0)
  return { stolen: steal ?? 0, all: parts.reduce((sum, ticks) => sum + ticks, 0) }
}

function machine() {
  const { model } = cpus()[0] ?? { model: 'unknown' }
  return { cores: cpus().length, model, memoryGiB: rounded(totalmem() / 2 ** 30, 0), date: new Date().toISOString() }
}

function say(line: object): void {
  console.log(JSON.stringify(line))
}

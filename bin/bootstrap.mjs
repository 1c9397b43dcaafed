#!/usr/bin/env node
// Every command of this project begins here: `node bin/bootstrap.mjs start|byok|… [arguments]`.
// The only program that must run on Node 20 and with nothing installed. It
//   1. installs the dependencies when package-lock.json is not what they were installed from,
//   2. generates Prisma's client when its schema changed,
//   3. runs the command on the Node 24 that comes with the dependencies, and ends as it ends.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { currentBundle } from '../lib/supervisor/current-bundle.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const inRoot = (...names) => path.join(root, ...names)

const commands = {
  start: 'lib/supervisor/start.ts',
  byok: 'lib/cli/main.ts',
  check: 'bin/check.ts',
  test: 'bin/test.ts',
}

// What is installed and built here runs with the console's secrets: nobody outside of its group writes it, whatever umask there is.
process.umask(process.umask() | 0o002)
try {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Vault Console needs Node 20.19 or newer to start, and this is Node ${process.versions.node}.`)
  }
  const [command = '', ...args] = process.argv.slice(2)
  const program = commands[command] ?? command
  if (!/\.[mc]?[jt]s$/.test(program)) {
    fail(`There is no command “${command}”. There are ${Object.keys(commands).join(', ')}.`)
  }
  if (!isInstalled() || !isGenerated()) await takingTurns(prepare)
  run(nodePath(), program, args)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

function fail(sentence) {
  throw new Error(sentence)
}

function hashOf(...files) {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const file of files) hash.update(readFileSync(inRoot(file)))
  return hash.digest('hex')
}

function holds(stamp, hash) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash
}

function isInstalled() {
  return holds(inRoot('node_modules', '.lock-hash'), hashOf('package-lock.json'))
}

function isGenerated() {
  return holds(inRoot('prisma', 'generated', '.schema-hash'), hashOf('package-lock.json', 'prisma/schema.prisma'))
}

async function prepare() {
  if (!isInstalled()) await install()
  if (!isGenerated()) await generate()
}

async function install() {
  const stamp = inRoot('node_modules', '.lock-hash')
  const lockFile = inRoot('package-lock.json')
  const committed = readFileSync(lockFile)
  rmSync(stamp, { force: true })
  // Not `npm ci`: it refuses the lock when the registry lacks the optional packages of some other platform.
  const args = ['install', '--include=dev', '--include=optional', '--engine-strict=false', '--no-audit', '--no-fund']
  const first = existsSync(inRoot('node_modules', 'next')) ? '' : ' (first start only, about a minute)'
  await quietly(`Installing dependencies…${first}`, 'npm', args, 'The dependencies could not be installed')
  if (!readFileSync(lockFile).equals(committed)) {
    writeFileSync(lockFile, committed)
    process.stderr.write('npm changed package-lock.json; it was put back as it is in the repository.\n')
  }
  writeFileSync(stamp, hashOf('package-lock.json'))
}

async function generate() {
  const folder = inRoot('prisma', 'generated')
  const args = [inRoot('node_modules', 'prisma', 'build', 'index.js'), 'generate']
  await quietly('Generating the database client…', nodePath(), args, 'The database client could not be generated')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, '.schema-hash'), hashOf('package-lock.json', 'prisma/schema.prisma'))
}

/** Shows one line while the program runs, and its output only when it fails. */
async function quietly(text, file, args, failure) {
  const start = Date.now()
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`
  const { isTTY } = process.stderr
  const timer = isTTY && setInterval(() => process.stderr.write(`\r\x1b[K${text} ${seconds()}`), 200)
  if (!isTTY) process.stderr.write(`${text}\n`)
  let output = ''
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (data) => (output += data))
  const stop = () => child.kill('SIGTERM')
  process.once('exit', stop)
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (status, signal) => resolve(status ?? signal))
  })
  process.off('exit', stop)
  clearInterval(timer)
  if (isTTY) process.stderr.write('\r\x1b[K')
  if (code !== 0) fail(`${output.trim().split('\n').slice(-30).join('\n')}\n${failure} (${file}: ${code}).`)
}

/**
 * Two commands in one checkout: one prepares it, the other waits. Each puts a file of its own into a folder, and whoever
 * then finds no other living one there has the turn. A process that lives keeps touching its file.
 */
async function takingTurns(work) {
  const folder = inRoot('node_modules', '.bootstrap')
  const mine = path.join(folder, String(process.pid))
  const others = () => readdirSync(folder).filter((name) => name !== String(process.pid) && lives(folder, name))
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(mine, '')
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
    fail(
      `${root} is not prepared for this version, or this user may not read that it is, and may not write there either (${error.code}). Run npm start once as the user whom it belongs to, with a umask that lets others read what it makes (022).`,
    )
  }
  for (;;) {
    writeFileSync(mine, '')
    if (others().length === 0) break
    rmSync(mine)
    do await sleep(100 + Math.random() * 200)
    while (others().length > 0)
  }
  const beat = setInterval(() => utimesSync(mine, new Date(), new Date()), 1_000)
  const leave = () => rmSync(mine, { force: true })
  process.once('exit', leave)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
  try {
    await work()
  } finally {
    process.off('exit', leave)
    process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM').removeAllListeners('SIGHUP')
    clearInterval(beat)
    leave()
  }
}

function lives(folder, name) {
  try {
    if (Date.now() - statSync(path.join(folder, name)).mtimeMs > 10_000) return false
    return process.kill(Number(name), 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function nodePath() {
  const name = `node-${process.platform}-${process.arch}`
  const bundled = inRoot('node_modules', name, 'bin', 'node')
  if (existsSync(bundled)) return bundled
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  return fail(
    `Vault Console runs on Node 24, which npm did not install for this machine (${name}): install it yourself.`,
  )
}

function run(node, program, args) {
  const bin = inRoot('node_modules', '.bin')
  const preload = inRoot('lib', 'supervisor', 'die-with-parent.mjs')
  // As lib/supervisor/parts.ts starts the console's own workers, and for the same reasons.
  const works = program === commands.byok && args[0] === 'worker'
  const memory = works ? ['--max-semi-space-size=2', '--expose-gc', '--no-turbofan', '--no-maglev-inlining'] : []
  const flags = ['--disable-warning=ExperimentalWarning', ...memory]
  if (works) flags.push('--import', inRoot('lib', 'supervisor', 'outlive-full-log.mjs'))
  const file = (program === commands.byok && currentBundle(root)) || inRoot(program)
  const child = spawn(node, [...flags, '--import', preload, file, ...args], {
    env: {
      ...process.env,
      // Node's own switch would lead requests for this machine and its metadata to a proxy: see lib/aws/proxy.ts.
      NODE_USE_ENV_PROXY: undefined,
      ...(works && { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '4194304', MALLOC_TRIM_THRESHOLD_: '33554432' }),
      PATH: [bin, path.dirname(node), process.env.PATH].join(path.delimiter),
      // Nearly halves the start of every command. Node goes without where it may not write.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? inRoot('node_modules', '.cache', 'compiled'),
      VAULT_SUPERVISOR_PID: String(process.pid),
      // The same data folder from wherever in the checkout a command is called.
      VAULT_DATA_DIR: process.env.VAULT_DATA_DIR?.trim() || inRoot('.data'),
    },
    // By the fourth, the child notices when this process is killed.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // Ctrl-C reaches the whole foreground group, and so the child, without help.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal))
  }
  if (process.env.npm_lifecycle_event) watchParent(() => child.kill('SIGTERM'))
  child.once('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => {
    if (!signal) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** npm that is killed with SIGKILL takes nothing with it. */
function watchParent(onGone) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, 1_000)
}

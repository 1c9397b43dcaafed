import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError, messageOf } from '#lib/errors.ts'
import { currentBundle } from './current-bundle.mjs'
import { acquireLock } from './exclusive-lock.ts'
import { exitOf, kill } from './keep-running.ts'
import { lastLines } from './log-file.ts'
import { checkout, type NodeProgram, spawnNode } from './node-child.ts'

/** What the pages are made of: these, and every program file beside package.json. */
const sources = ['app', 'components', 'lib', 'prisma/schema.prisma', 'public']
const settings = ['package.json', 'package-lock.json', 'tsconfig.json']

export interface Build {
  readonly root: string
  readonly program: NodeProgram
  /** Makes what `currentBundle` finds; without, commands run from their sources. */
  readonly bundler?: NodeProgram
  readonly environment: NodeJS.ProcessEnv
}

export function nextBuild(environment: NodeJS.ProcessEnv): Build {
  return {
    root: checkout,
    program: ['node_modules/next/dist/bin/next', 'build'],
    bundler: ['lib/supervisor/bundle-byok.ts'],
    environment,
  }
}

/**
 * Builds the pages when their sources are not those of the last build, and puts the command line together when its are
 * not. Consoles that share a checkout take turns.
 * @param onBuild called with the build when there is one to wait for
 * @throws AppError `unavailable` with the end of the build's log
 */
export async function ensureBuilt(
  { root, program, bundler, environment }: Build,
  signal: AbortSignal,
  onBuild: (build: Promise<void>) => Promise<void>,
): Promise<void> {
  const stamp = path.join(root, '.next', 'sources-hash')
  const isCurrent = async (hash: string) => (await readFile(stamp, 'utf8').catch(() => '')) === hash
  const isBundled = () => !bundler || currentBundle(root) !== undefined
  const isBuilt = await isCurrent(await hashSources(root))
  if (isBuilt && isBundled()) return

  const cache = path.join(root, 'node_modules', '.cache', 'vault-console')
  await onBuild(
    (async () => {
      const lock = await acquireLock(path.join(cache, 'build-lock'), 'build', { waitMs: 600_000 }).catch((error) => {
        // Where nobody may write nothing can be bundled, and need not be.
        if (isBuilt) return undefined
        throw error
      })
      if (!lock) return
      if ('heldBy' in lock) {
        throw new AppError('unavailable', `Another build runs since ${lock.heldBy.since} (process ${lock.heldBy.pid}).`)
      }
      try {
        if (bundler && !signal.aborted && !isBundled()) {
          // Without it commands start more slowly, and that is all.
          await runBuild(bundler, 'The command line', path.join(cache, 'bundle.log'), environment, signal).catch(
            (error: unknown) => console.error(messageOf(error)),
          )
        }
        const hash = await hashSources(root)
        if (signal.aborted || (await isCurrent(hash))) return
        await rm(stamp, { force: true })
        await runBuild(program, 'The pages', path.join(cache, 'build.log'), environment, signal)
        await mkdir(path.dirname(stamp), { recursive: true })
        await writeFile(stamp, hash)
      } finally {
        await lock.release()
      }
    })(),
  )
}

async function runBuild(
  program: NodeProgram,
  what: string,
  logFile: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  await rm(logFile, { force: true })
  const child = spawnNode(program, logFile, environment)
  const stop = () => kill(child)
  signal.addEventListener('abort', stop)
  const exit = await exitOf(child)
  signal.removeEventListener('abort', stop)
  if (exit === 'exit code 0' || signal.aborted) return
  const words = lastLines(logFile, 40).map((line) => `\n  ${line}`)
  throw new AppError('unavailable', `${what} could not be built (${exit}). The end of ${logFile}:${words.join('')}`)
}

async function hashSources(root: string): Promise<string> {
  const files = (await Promise.all([...sources, '.'].map((name) => listSources(root, name)))).flat().sort()
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(await readFile(path.join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

async function listSources(root: string, name: string): Promise<string[]> {
  const isRoot = name === '.'
  const entries = await readdir(path.join(root, name), { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOTDIR') return undefined
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (!entries) return [name]
  const found = await Promise.all(
    entries.map((entry) => {
      const file = path.join(name, entry.name)
      if (entry.isDirectory()) return isRoot ? [] : listSources(root, file)
      return isSource(entry.name, isRoot) ? [file] : []
    }),
  )
  return found.flat()
}

function isSource(name: string, isRoot: boolean): boolean {
  if (name.includes('.test.')) return false
  return !isRoot || settings.includes(name) || (/\.[cm]?[jt]sx?$/.test(name) && name !== 'next-env.d.ts')
}

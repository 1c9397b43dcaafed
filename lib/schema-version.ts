import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Tx } from '#lib/db.ts'
import { AppError } from '#lib/errors.ts'

const migrationsFolder = path.join(import.meta.dirname, '..', 'prisma', 'migrations')

/** The migrations that this checkout has. A process that lives on keeps those of its start: its code is of then. */
export async function knownMigrations(): Promise<string[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

/**
 * Whether the tables are those that this version works on. A worker on another machine is brought up to date by hand, and
 * nothing else would tell that it was forgotten.
 * @throws AppError `unavailable` when the console that last started on this database is of another version
 */
export async function mustBeOfThisVersion(db: Tx, known: readonly string[]): Promise<void> {
  const rows = await db.$queryRaw<{ name: string }[]>`
    SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`
  const applied = new Set(rows.map(({ name }) => name))
  const newer = [...applied].sort().find((name) => !known.includes(name))
  if (newer !== undefined)
    throw new AppError(
      'unavailable',
      `This worker is older than the console: the database has the migration ${newer}.`,
      {
        fix: 'Bring this machine to the console’s version of this project, then start the worker again.',
      },
    )
  const missing = known.find((name) => !applied.has(name))
  if (missing !== undefined)
    throw new AppError(
      'unavailable',
      `This worker is newer than the console: the database lacks the migration ${missing}.`,
      {
        fix: 'Start the console of this same version first (npm start): that brings the tables up to date.',
      },
    )
}

import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'

/** Files below a folder that hold the text, or have it in their path. */
export function holders(folder: string, text: string, { names = false } = {}): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) =>
      names
        ? file.includes(text)
        : lstatSync(file, { throwIfNoEntry: false })?.isFile() && readFileSync(file).includes(text),
    )
}

/** Every row of every table, as text: bytes in hexadecimal. */
export async function dumpDatabase(dataDir: string): Promise<string> {
  const { databaseUrl } = JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8'))
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const tables = await client.query(
      "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    let text = ''
    for (const { name } of tables.rows) {
      const { rows } = await client.query(`SELECT one::text AS row FROM ${name} AS one`)
      text += rows.map(({ row }) => `${name} ${row}\n`).join('')
    }
    return text
  } finally {
    await client.end()
  }
}

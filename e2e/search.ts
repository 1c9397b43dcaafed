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

/** Which of the secrets stand in it: as they are, and as bytes in a dump, in JSON or in an address. */
export function secretsIn(content: Buffer, secrets: ReadonlyMap<string, Uint8Array>): string[] {
  return [...secrets.keys()].filter((name) => {
    const bytes = Buffer.from(secrets.get(name) ?? [])
    // The last characters of base64 depend on what follows.
    const base64 = bytes.toString('base64').replace(/=+$/, '').slice(0, -1)
    const forms = [bytes, bytes.toString('hex'), base64, base64.replaceAll('+', '-').replaceAll('/', '_')]
    return forms.some((form) => content.includes(form))
  })
}

/** `secret in file`, for the files below the folder that are to be looked into. */
export function filesWith(
  folder: string,
  secrets: ReadonlyMap<string, Uint8Array>,
  looksInto: (file: string) => boolean,
): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
    if (!looksInto(file) || !lstatSync(path.join(folder, file), { throwIfNoEntry: false })?.isFile()) return []
    return secretsIn(readFileSync(path.join(folder, file)), secrets).map((name) => `${name} in ${file}`)
  })
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

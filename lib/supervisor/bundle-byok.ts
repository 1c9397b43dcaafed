import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { bundlesOf, stampOf } from './current-bundle.mjs'
import { checkout } from './node-child.ts'

// `node lib/supervisor/bundle-byok.ts`, part of the build: the command line and all that it imports, some nine hundred
// modules, in few files. Each command starts 0.15 s sooner, a quarter of it.

/**
 * @param program relative to the checkout; `#lib/…` and packages are taken along, what has native code is not
 * @param folder for the files, the program's own name among them
 * @returns the sources that went into it, relative to the checkout
 */
export async function bundle(program: string, folder: string): Promise<string[]> {
  const build = await rolldown({
    input: path.join(checkout, program),
    cwd: checkout,
    platform: 'node',
    // The program itself is the file that is started, and knows it.
    preserveEntrySignatures: false,
    // The AWS SDK's modules for bundlers: of each client only the commands that are used.
    resolve: { mainFields: ['module', 'main'] },
    external: ['koffi', 'pg-native'],
    plugins: [
      {
        name: 'files-are-where-they-were',
        transform: {
          filter: { code: /import\.meta\.(dirname|url)/, id: { exclude: /node_modules|^\0/ } },
          handler: (code, id) =>
            code
              .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(id)))
              .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
        },
      },
    ],
    onLog: () => undefined,
  })
  try {
    await build.write({ dir: folder, format: 'esm', entryFileNames: '[name].js' })
    const files = await build.watchFiles
    return files.map((file) => path.relative(checkout, file)).filter((file) => !file.startsWith('node_modules'))
  } finally {
    await build.close()
  }
}

if (import.meta.main) {
  const bundles = bundlesOf(checkout)
  mkdirSync(bundles, { recursive: true })
  const started = Date.now()
  const name = randomUUID()
  const before = listByAge(bundles)
  const sources = await bundle('lib/cli/main.ts', path.join(bundles, name))
  const stamps = [...sources, 'package-lock.json', 'lib/supervisor/bundle-byok.ts'].map((file) =>
    stampOf(checkout, file),
  )
  // Of a source that is younger nobody knows whether it was read before or after its change: then commands run from
  // their sources until the next start. So they do where a clock was put back.
  if (stamps.every(({ mtimeMs }) => mtimeMs < started)) {
    const draft = path.join(bundles, `${name}.json`)
    writeFileSync(draft, JSON.stringify({ root: checkout, file: path.join(name, 'main.js'), sources: stamps }))
    renameSync(draft, path.join(bundles, 'current.json'))
  }
  // A worker may still run on the one before, and load more of it.
  for (const old of before.slice(1)) rmSync(path.join(bundles, old), { recursive: true, force: true })
}

/** Folders, the youngest first. */
function listByAge(folder: string): string[] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const made = (name: string) => statSync(path.join(folder, name)).mtimeMs
  return folders.map(({ name }) => name).sort((one, other) => made(other) - made(one))
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'

// `npm run check`: format, lint, types, direction of imports, unused code, database schema, bill of materials.
// A tool that looked at nothing has found nothing wrong, so each must also say how much it looked at.

const root = path.join(import.meta.dirname, '..')
/** Those that come with the dependencies, before any of the machine’s own; npm is the machine’s. */
const tools = path.join(root, 'node_modules', '.bin')
const sources = ['app', 'bench', 'bin', 'components', 'e2e', 'lib', 'instrumentation.ts', 'proxy.ts']

interface Tool {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** How many files it looked at, read from what it printed. */
  readonly looked: (output: string) => number
}

const numberIn = (pattern: RegExp) => (output: string) => Number(pattern.exec(output)?.[1] ?? 0)

/** Two at a time; one after the other in each row. */
const rows: readonly (readonly Tool[])[] = [
  [
    // Types of the routes, which the pages' own types need.
    { name: 'Route types', command: ['next', 'typegen'], looked: (output) => (output.includes('✓') ? 1 : 0) },
    {
      name: 'Types',
      command: ['tsc', '--noEmit', '--incremental', 'false', '--listFiles', '-p', '.'],
      looked: (output) =>
        output.split('\n').filter((line) => line.startsWith(root) && !line.includes('node_modules')).length,
    },
  ],
  [
    { name: 'Format and lint', command: ['biome', 'ci', '--colors=off', '.'], looked: numberIn(/Checked (\d+) files/) },
    {
      name: 'Direction of imports',
      command: ['depcruise', '--config', '.dependency-cruiser.json', ...sources],
      looked: numberIn(/(\d+) modules, \d+ dependencies cruised/),
    },
    {
      // It prints nothing when all is well; what it reads is given by its configuration.
      name: 'Unused code and dependencies',
      command: ['knip', '--no-config-hints'],
      looked: () => globSync('{app,bench,components,lib,bin,e2e}/**/*.{ts,tsx,mjs}', { cwd: root }).length,
    },
    {
      name: 'Database schema',
      command: ['prisma', 'validate'],
      looked: (output) => (output.includes('is valid') ? 1 : 0),
    },
    {
      // From package-lock.json: of all platforms, whatever is installed here.
      name: 'Bill of materials',
      command: ['npm', 'run', '--silent', 'sbom'],
      looked: (output) => output.match(/"purl": "pkg:npm\//g)?.length ?? 0,
    },
  ],
]

const results = await Promise.all(
  rows.map(async (row) => {
    const good: boolean[] = []
    for (const tool of row) good.push(await check(tool))
    return good
  }),
)
process.exit(results.flat().every(Boolean) ? 0 : 1)

async function check({ name, command, looked }: Tool): Promise<boolean> {
  const [program, ...args] = command
  const started = performance.now()
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${tools}${path.delimiter}${process.env.PATH}`,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
    },
  })
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const output = `${stdout}${stderr}`
  const files = looked(output)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (status === 0 && files > 0) {
    console.log(`✓ ${name} (${files} files, ${seconds} s)`)
    return true
  }
  const words = output.split('\n').filter((line) => !line.startsWith(root))
  console.log(
    `✗ ${name} (${status === 0 ? 'it looked at no file' : `exit code ${status}`}, ${seconds} s)\n${words.join('\n')}`,
  )
  return false
}

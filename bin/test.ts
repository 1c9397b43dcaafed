import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import buildPages from '../e2e/build-pages.ts'
import { findChromium } from './chromium.ts'

// `npm test`: unit and contract tests, then end-to-end tests in a real Chromium against the production build.
// Ends with one line, `N passed, N failed`; exits 0 only when something passed and nothing failed.

const root = path.join(import.meta.dirname, '..')
const reports = mkdtempSync(path.join(tmpdir(), 'vault-console-test-'))

const unitReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numFailedTestSuites: z.number(),
})
const browserReport = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number(), skipped: z.number() }),
  errors: z.array(z.unknown()),
})

// Some hundred Node processes are started, each of which would compile the AWS SDK and Prisma anew.
const compiled = path.join(root, 'node_modules', '.cache', 'vault-console', 'compiled')

/** Colours are for people, not for a log. */
const colours: Record<string, string> = process.stdout.isTTY ? {} : { NO_COLOR: '1' }

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

try {
  const chromium = findChromium()
  // Meanwhile, as unit tests leave half of a machine idle. If it fails, the browser tests say so.
  const built = buildPages().catch(() => undefined)
  const unit = await runUnitTests()
  await built
  const browser = await runBrowserTests(chromium)
  const passed = unit.passed + browser.passed
  const failed = unit.failed + browser.failed
  const skipped = unit.skipped + browser.skipped
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed === 0 && unit.passed > 0 && browser.passed > 0 ? 0 : 1
} finally {
  rmSync(reports, { recursive: true, force: true })
}

async function runUnitTests(): Promise<Counts> {
  console.log('Unit and contract tests')
  const file = path.join(reports, 'unit.json')
  const code = await run(
    'vitest',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    colours,
  )
  const report = read(file, unitReport)
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const { numPassedTests: passed, numFailedTests, numPendingTests: skipped, numFailedTestSuites } = report
  // A file that cannot be loaded fails with no test in it; so does a run that ends badly after its tests.
  return { passed, failed: Math.max(numFailedTests, Math.min(1, numFailedTestSuites), code === 0 ? 0 : 1), skipped }
}

async function runBrowserTests(chromium: string): Promise<Counts> {
  console.log('End-to-end tests')
  const file = path.join(reports, 'browser.json')
  const code = await run('playwright', ['test', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
    VAULT_TEST_CHROMIUM: chromium,
  })
  const report = read(file, browserReport)
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const { expected: passed, unexpected, flaky, skipped } = report.stats
  return { passed, failed: Math.max(unexpected + flaky + report.errors.length, code === 0 ? 0 : 1), skipped }
}

function read<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    console.log(`No report was written: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

function run(program: string, args: string[], environment: Record<string, string>): Promise<number> {
  const child = spawn(path.join(root, 'node_modules', '.bin', program), args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled, ...environment },
  })
  process.once('SIGINT', () => child.kill('SIGINT'))
  process.once('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

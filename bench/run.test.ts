import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'

test('a run on a little data compares every restored file, ends with one line of figures and leaves nothing', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vault-bench-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const program = path.join(import.meta.dirname, 'run.ts')
  const args = ['--mib', '8', '--files', '200', '--runs', '1', '--clients', 'vault,floor']
  const env = { ...process.env, TMPDIR: folder }
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env })
  const lines = stdout.trim().split('\n')
  // A pair that the host of a virtual machine disturbed is said to be so, and comes again.
  const said = lines.filter((line) => line.startsWith('{"client":"vault"')).map((line) => JSON.parse(line))
  const runs = said.filter(({ direction }) => direction !== undefined)
  expect([...new Set(runs.map(({ set, direction }) => `${set}, ${direction}`))]).toEqual(
    ['incompressible', 'logs', 'small files'].flatMap((set) => [`${set}, backup`, `${set}, restore`]),
  )
  for (const { direction, s3Requests, kmsRequests, storedBytes, ...run } of runs) {
    expect(run.wallSeconds).toBeGreaterThan(0)
    expect(run.cpuSecondsPerGiB).toBeGreaterThan(0)
    expect(s3Requests).toBeGreaterThan(2)
    // One Encrypt for a backup, one Decrypt for a restore.
    expect(kmsRequests).toBe(1)
    expect(storedBytes === undefined).toBe(direction === 'restore')
  }
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
    ...{ cpuVsRestic: null, cpuVsRclone: null, cpuVsAwsCp: null, wallVsRestic: null, wallVsRclone: null },
    ...{ restoreWallVsRestic: null, smallFilesWallVsRestic: null, peakMiB: expect.any(Number) },
  })
  expect(readdirSync(folder).filter((name) => name !== 'node-compile-cache')).toEqual([])
}, 300_000)

/** Whoever was told of this folder, or has it as its own. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return ['cmdline', 'environ'].some((what) => readFileSync(`/proc/${pid}/${what}`, 'latin1').includes(folder))
    } catch {
      return false
    }
  })
}

test.each([
  ['run.ts', ['--mib', '32', '--files', '20', '--clients', 'vault'], 'SIGINT'],
  ['run.ts', ['--mib', '32', '--files', '20', '--clients', 'vault'], 'SIGTERM'],
  ['run.ts', ['--mib', '32', '--files', '20', '--clients', 'vault'], 'SIGKILL'],
  ['sandbox.ts', [], 'SIGTERM'],
] as const)(
  '%s %j ended by %s leaves no process and no folder',
  async (name, args, signal) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vault-bench-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const program = path.join(import.meta.dirname, name)
    const env = { ...process.env, TMPDIR: folder }
    const child = spawn(process.execPath, [program, ...args], { env, stdio: 'ignore' })
    // Itself, the stand-in, and of the first a shell and a client.
    await vi.waitUntil(() => processesIn(folder).length >= (name === 'run.ts' ? 4 : 2), {
      timeout: 60_000,
      interval: 20,
    })
    child.kill(signal)
    await once(child, 'exit')
    await vi.waitUntil(() => processesIn(folder).length === 0, { timeout: 20_000, interval: 100 })
    // Killed, it can remove nothing.
    if (signal !== 'SIGKILL') expect(readdirSync(folder).filter((one) => one !== 'node-compile-cache')).toEqual([])
  },
  120_000,
)

import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

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

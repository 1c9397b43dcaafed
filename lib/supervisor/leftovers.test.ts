import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { endLeftovers, rememberChild } from './leftovers.ts'
import { identify } from './process-identity.ts'

test('a child that outlived its console and hangs is ended, and nobody else is', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'vault-leftovers-'))
  const program = "process.on('SIGTERM', () => 0); setInterval(() => 0, 1e6); console.log()"
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  await once(child.stdout, 'data')
  rememberChild(dataDir, 'web', child.pid ?? 0)
  rememberChild(dataDir, 'worker', spawn('true').pid ?? 0)
  const exit = once(child, 'exit')
  await endLeftovers(dataDir)
  expect(await exit).toEqual([null, 'SIGKILL'])
  expect(identify(process.pid)).toBeDefined()
  expect(await readdir(dataDir)).toEqual([])
  await endLeftovers(dataDir)
  await rm(dataDir, { recursive: true })
})

test('where it cannot be written down, as on a full disk, the part runs all the same', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'vault-leftovers-'))
  await mkdir(path.join(dataDir, 'children.json'))
  rememberChild(dataDir, 'web', process.pid)
  expect(await readdir(dataDir)).toEqual(['children.json'])
  await rm(dataDir, { recursive: true })
})

import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identify } from './process-identity.ts'
import { announceRunning, findRunning, isHidden, type Running, withdrawRunning } from './running.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'vault-running-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

const state: Running = {
  pid: process.pid,
  born: identify(process.pid)?.born ?? '',
  startedAt: '2026-01-01T00:00:00.000Z',
  url: 'http://localhost:3000',
  databaseUrl: 'postgresql://vault:secret@127.0.0.1:1/vault',
}

test('finds a console that is up, from a file that only its owner can read', async () => {
  await announceRunning(dataDir, state)
  expect(findRunning(dataDir)).toEqual(state)
  expect((await stat(path.join(dataDir, 'run.json'))).mode & 0o777).toBe(0o600)
  await withdrawRunning(dataDir)
  expect(findRunning(dataDir)).toBeUndefined()
})

test('does not take another process with the same ID for the console', async () => {
  await announceRunning(dataDir, { ...state, born: 'earlier' })
  expect(findRunning(dataDir)).toBeUndefined()
})

test('finds none where the file is damaged or there is no folder', async () => {
  await writeFile(path.join(dataDir, 'run.json'), '{"pid":')
  expect(findRunning(dataDir)).toBeUndefined()
  expect(findRunning(path.join(dataDir, 'nowhere'))).toBeUndefined()
})

test('a data folder of somebody else hides whether one runs', async () => {
  expect(isHidden(dataDir)).toBe(false)
  await announceRunning(dataDir, state)
  expect(isHidden(dataDir)).toBe(false)
  const isRoot = process.geteuid?.() === 0
  await chmod(dataDir, isRoot ? 0o700 : 0)
  if (isRoot) process.seteuid?.(65534)
  try {
    expect(findRunning(dataDir)).toBeUndefined()
    expect(isHidden(dataDir)).toBe(true)
  } finally {
    if (isRoot) process.seteuid?.(0)
    await chmod(dataDir, 0o700)
  }
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquireLock, type Lock } from './exclusive-lock.ts'
import { identify } from './process-identity.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vault-lock-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function take(note = 'http://localhost:1'): Promise<Lock> {
  const lock = await acquireLock(folder, note, { waitMs: 0 })
  if ('heldBy' in lock) throw new Error(`held by ${lock.heldBy.pid}`)
  return lock
}

/** The file of another process's claim, as a process that was killed leaves it. */
async function leaveClaim(pid: number, born: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const claim = { pid, born, since: '2026-01-01T00:00:00.000Z', note: 'http://localhost:2' }
  await writeFile(path.join(folder, `${pid}.left.json`), JSON.stringify(claim))
}

test('names its holder to who waits in vain, and is free again after its release', async () => {
  const lock = await take('http://localhost:3000')
  const waited: number[] = []
  const refused = await acquireLock(folder, 'second', { waitMs: 200, onWait: ({ pid }) => waited.push(pid) })
  expect(refused).toMatchObject({ heldBy: { pid: process.pid, note: 'http://localhost:3000' } })
  expect(waited).toEqual([process.pid])
  await lock.release()
  await (await take()).release()
  expect(await readdir(folder)).toEqual([])
})

test('is handed to who waits', async () => {
  const lock = await take()
  const next = acquireLock(folder, 'next', { waitMs: 20_000, onWait: () => void lock.release() })
  expect(await next).toHaveProperty('release')
})

test('of a process that has ended is taken over', async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  await leaveClaim(child.pid ?? 0, identify(process.pid)?.born ?? '')
  await take()
  expect(await readdir(folder)).toHaveLength(1)
})

test('of a process whose ID now belongs to another is taken over', async () => {
  await leaveClaim(process.ppid, 'an earlier birth')
  await take()
})

test('of a living process is respected', async () => {
  await leaveClaim(process.ppid, identify(process.ppid)?.born ?? '')
  await expect(take()).rejects.toThrow(`held by ${process.ppid}`)
})

test('is never held by two of many processes at once', async () => {
  const journal = path.join(folder, 'journal')
  const program = `
    import { appendFileSync, mkdirSync, rmdirSync } from 'node:fs'
    import { acquireLock } from ${JSON.stringify(path.join(import.meta.dirname, 'exclusive-lock.ts'))}
    for (let turn = 0; turn < 5; turn++) {
      const lock = await acquireLock(${JSON.stringify(path.join(folder, 'lock'))}, 'x', { waitMs: 60_000 })
      mkdirSync(${JSON.stringify(`${journal}.inside`)}) // throws when somebody else is inside
      appendFileSync(${JSON.stringify(journal)}, 'turn\\n')
      rmdirSync(${JSON.stringify(`${journal}.inside`)})
      await lock.release()
    }`
  const exits = Array.from({ length: 5 }, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    return code
  })
  expect(await Promise.all(exits)).toEqual([0, 0, 0, 0, 0])
  expect((await readFile(journal, 'utf8')).match(/turn/g)).toHaveLength(25)
})

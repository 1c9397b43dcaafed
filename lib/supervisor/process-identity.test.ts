import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { commandLineOf, identify, isSameProcessAlive, signalProcess, waitForEnd } from './process-identity.ts'

test('tells a living process from one that has ended, and from another with its ID', async () => {
  // A name with spaces and a parenthesis, as it comes before the fields that are read.
  const child = spawn(process.execPath, ['-e', "process.title = 'a ) b'; setInterval(() => 0, 1e6); console.log()"], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  const identity = identify(child.pid ?? 0)
  if (!identity) throw new Error('not found')
  expect(isSameProcessAlive(identity)).toBe(true)
  expect(isSameProcessAlive({ ...identity, born: identify(process.pid)?.born ?? '' })).toBe(false)
  expect(await waitForEnd(identity, 0)).toBe(false)
  const closed = once(child, 'close')
  expect(signalProcess(identity.pid, 'SIGKILL')).toBe(true)
  expect(await waitForEnd(identity, 20_000)).toBe(true)
  await closed
  expect(identify(identity.pid)).toBeUndefined()
  expect(commandLineOf(identity.pid)).toBe('')
  expect(signalProcess(identity.pid, 'SIGTERM')).toBe(false)
})

test('knows the command line of a process', () => {
  expect(commandLineOf(process.pid)).toContain('node')
})

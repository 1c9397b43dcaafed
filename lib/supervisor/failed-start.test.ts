import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import {
  dataDir,
  port,
  processesOf,
  root,
  startConsole,
  startToTheEnd,
  until,
  webPid,
} from './start-console-for-tests.ts'

// Real processes, as in run-console.test.ts: starts that come to nothing, and two at once.

test('gives up a part that cannot live, with its last words, and stops the rest', async () => {
  const console = startConsole(['worker=dies'])
  expect(await console.exit).toBe(1)
  expect(console.output()).toMatch(
    /The worker stopped 5 times in a row \(exit code 3\), so the console stops too\. The end of .*worker\.log:\n.*no licence to live/,
  )
  expect(processesOf(dataDir)).toEqual([])
})

test('can be stopped in the middle of a build', async () => {
  const console = startConsole(['build=hangs'])
  await until(() => processesOf(dataDir).length > 2 && console.output().includes('Building'))
  console.child.kill('SIGINT')
  expect(await console.exit).toBe(0)
  expect(processesOf(dataDir)).toEqual([])
})

test('says that a build failed, with the end of its log', async () => {
  const console = startConsole(['build=dies'])
  expect(await console.exit).toBe(1)
  expect(console.output()).toMatch(/The pages could not be built \(exit code 3\)[\s\S]*no licence to live/)
})

test('a second start on the same folder waits, and follows when the first stops', async () => {
  const first = await startToTheEnd()
  const second = startConsole()
  await until(() =>
    second.output().includes(`Waiting for the console that uses ${dataDir} (process ${first.child.pid})`),
  )
  first.child.kill('SIGTERM')
  expect(await first.exit).toBe(0)
  await until(() => second.output().includes('Vault Console is up'))
})

test('a second start on the same folder names the first when that does not stop', async () => {
  const first = await startToTheEnd()
  const second = startConsole()
  expect(await second.exit).toBe(1)
  expect(second.output()).toMatch(
    new RegExp(
      `The data folder ${dataDir} is in use by process ${first.child.pid}, since 2.*Z, at http://localhost:${port}\\.`,
    ),
  )
  expect(await webPid()).toBeDefined()
})

test('refuses a port in use, in one sentence', async () => {
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  const console = startConsole()
  expect(await console.exit).toBe(1)
  expect(console.output()).toBe(
    `Port ${port} on 127.0.0.1 is in use by another program. Set PORT to a free one, such as PORT=${port + 1}.\n`,
  )
  // Before anything slow.
  expect(existsSync(path.join(dataDir, 'postgres'))).toBe(false)
  other.close()
})

test.each([
  [
    { VAULT_SEAL_TYPE: 'awskms' },
    'The seal awskms needs a key, and none is named. Set kms_key_id in the seal stanza, or VAULT_AWSKMS_SEAL_KEY_ID.',
  ],
  [{ VAULT_SEAL_TYPE: 'shamir' }, 'VAULT_SEAL_TYPE is “shamir”. It must be awskms or local.'],
  [
    { VAULT_CONFIG: '/nowhere/vault.hcl' },
    /^VAULT_CONFIG names \/nowhere\/vault\.hcl, which cannot be read: ENOENT.*\. Name a file that is there/,
  ],
])('refuses a seal that is configured wrongly, in one sentence: %o', async (environment, sentence) => {
  const console = startConsole([], environment)
  expect(await console.exit).toBe(1)
  if (typeof sentence === 'string') expect(console.output()).toBe(`${sentence}\n`)
  else expect(console.output()).toMatch(sentence)
  expect(existsSync(dataDir)).toBe(false)
})

test('refuses a data folder that it cannot write, in one sentence', async () => {
  await writeFile(path.join(root, 'a file'), '')
  const folder = path.join(root, 'a file', 'data')
  const console = startConsole([], { VAULT_DATA_DIR: folder })
  expect(await console.exit).toBe(1)
  expect(console.output()).toBe(
    `The data folder ${folder} cannot be written (something on its path is not a folder). Set VAULT_DATA_DIR to a folder that this user may write.\n`,
  )
})

test('refuses a variable that it cannot understand, in one sentence', async () => {
  const console = startConsole([], { PORT: 'eighty' })
  expect(await console.exit).toBe(1)
  expect(console.output()).toMatch(/^The environment variable PORT .*eighty.*\n$/)
})

test('refuses an address that this machine does not have', async () => {
  const console = startConsole([], { VAULT_HOST: '203.0.113.1' })
  expect(await console.exit).toBe(1)
  expect(console.output()).toContain(`cannot listen on port ${port} of 203.0.113.1 (EADDRNOTAVAIL)`)
})

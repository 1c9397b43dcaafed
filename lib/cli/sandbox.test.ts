import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openTestSandbox, refusal, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { byok, startByok } from './byok-for-tests.ts'

let folder: string
let target: TestSandbox

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sandbox-command-'))
  target = await openTestSandbox({ dataDir: path.join(folder, 'sandbox') })
})
afterEach(() => target.control('DELETE', 'faults'))
afterAll(async () => {
  await target.close()
  rmSync(folder, { recursive: true, force: true })
})

const at = (dataDir: string) => ({ env: { VAULT_DATA_DIR: dataDir } })
const start = (args: readonly string[], dataDir = folder) => startByok(['sandbox', ...args], at(dataDir))
const run = (args: readonly string[], dataDir = folder) => byok(['sandbox', ...args], at(dataDir))

const throttled = ['fault', 'add', '--service', 'kms', '--operation', 'DescribeKey', '--effect', 'Throttle']

test('fault add, list and clear', async () => {
  const key = 'alias/backups'
  const added = await run([...throttled, '--key', key, '--times', '9', '--probability', '1', '--seed', '4', '--json'])
  const fault = { service: 'kms', operation: 'DescribeKey', effect: 'Throttle' }
  expect(added).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(added.stdout)).toEqual([{ ...fault, keyId: key, times: 9, probability: 1, seed: 4 }])
  expect((await refusal(target.kms().send(new DescribeKeyCommand({ KeyId: key })))).name).toBe('ThrottlingException')
  await target.kms().send(new DescribeKeyCommand({ KeyId: 'alias/archive' }))

  const slow = ['fault', 'add', '--service', 's3', '--operation', '*', '--effect', 'Latency', '--latency-ms', '5']
  expect((await run([...slow, '--bucket', 'a'])).stdout).toBe(
    'kms DescribeKey  Throttle  keyId=alias/backups times=9 probability=1 seed=4\ns3 *  Latency  latencyMs=5 bucket=a\n',
  )
  expect(JSON.parse((await run(['fault', 'list', '--json'])).stdout)).toHaveLength(2)
  expect(await run(['fault', 'clear'])).toMatchObject({ code: 0, stdout: 'No faults are set.\n' })
  await target.kms().send(new DescribeKeyCommand({ KeyId: key }))
})

test.each([
  [[...throttled.slice(0, -1), 'Flood'], 2, 'Allowed choices are AccessDenied'],
  [[...throttled, '--probability', '1.5'], 2, 'It must be from 0 to 1.'],
  [[...throttled, '--times', '1e1'], 2, 'It must be a whole number from 0.'],
  [['fault', 'add', '--service', 'kms', '--operation', '*'], 2, '--effect'],
  [['fault', 'no-such-verb'], 2, 'unknown command'],
  [['fault', 'add', '--service', 'kms', '--operation', 'NONSENSE', '--effect', 'Throttle'], 1, 'or one of CancelKey'],
  [['fault', 'add', '--service', 's3', '--operation', '*', '--effect', 'Latency'], 1, 'Latency needs'],
  [['--port', '99999'], 2, 'A port is a number from 0 to 65535.'],
  [['--port', '0x10'], 2, 'A port is a number from 0 to 65535.'],
])('%j exits with %i', async (args, code, words) => {
  const refused = await run(args)
  expect(refused.code).toBe(code)
  expect(refused.stderr).toContain(words)
  expect(await target.control('GET', 'faults')).toEqual([])
})

test('without a running sandbox it says so and exits with 3', async () => {
  const empty = path.join(folder, 'empty')
  for (const args of [['fault', 'list'], ['fault', 'clear'], throttled, ['info']]) {
    const refused = await run(args, empty)
    expect(refused.code, args.join(' ')).toBe(3)
    expect(refused.stderr).toMatch(/No .*sandbox .*runn?/)
  }
})

test('alone, it prints what it holds, and SIGTERM stops it with 0', async () => {
  const child = start(['--port', '0', '--data', path.join(folder, 'alone')])
  let printed = ''
  for await (const text of child.stdout) {
    printed += text
    if (printed.endsWith('\n}\n')) break
  }
  const info = JSON.parse(printed)
  expect(Object.keys(info)).toEqual(['endpoint', 'accounts', 'keys', 'buckets', 'roles'])
  expect(info.accounts[0]).toEqual({
    id: '111122223333',
    accessKeyId: expect.stringMatching(/^AKIA/),
    secretAccessKey: expect.any(String),
    arn: 'arn:aws:iam::111122223333:user/vault-console',
  })
  expect(info.keys[0]).toMatchObject({ usable: true, state: 'Enabled', region: 'us-east-1', about: 'Protects backups' })
  expect(info.buckets).toContainEqual({ name: 'vault-hosted-us-east-1', region: 'us-east-1' })
  expect(info.roles).toEqual([
    { arn: 'arn:aws:iam::111122223333:role/vault-backups', usable: true, about: 'Trusts you with any ExternalId' },
    { arn: 'arn:aws:iam::111122223333:role/vault-locked', usable: false, about: expect.any(String) },
  ])
  const taken = await run(['--port', new URL(info.endpoint).port, '--data', path.join(folder, 'other')])
  expect(taken).toMatchObject({ code: 3, stderr: expect.stringContaining('is in use') })
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})

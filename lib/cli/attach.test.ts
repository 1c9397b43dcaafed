import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readEnv, whatDecidesSeal } from '#lib/env.ts'
import { identify } from '#lib/supervisor/process-identity.ts'
import { announceRunning } from '#lib/supervisor/running.ts'
import { sealSetOtherwise } from './attach.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'vault-attach-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

const envOf = (variables: Record<string, string>) => readEnv({ ...variables, VAULT_DATA_DIR: dataDir })
const awskms = { VAULT_SEAL_TYPE: 'awskms', VAULT_AWSKMS_SEAL_KEY_ID: 'alias/a', AWS_SECRET_ACCESS_KEY: 'hidden' }

test.each<[string, Record<string, string>, Record<string, string>, string[]]>([
  ['both alike', awskms, awskms, []],
  ['neither names a seal', { AWS_PROFILE: 'one' }, { AWS_PROFILE: 'two' }, []],
  ['the shell names none', awskms, {}, ['AWS_SECRET_ACCESS_KEY', 'VAULT_AWSKMS_SEAL_KEY_ID', 'VAULT_SEAL_TYPE']],
  ['the shell names another key', awskms, { ...awskms, VAULT_AWSKMS_SEAL_KEY_ID: 'b' }, ['VAULT_AWSKMS_SEAL_KEY_ID']],
  ['the console has a file', { VAULT_CONFIG: '/etc/a.hcl' }, {}, ['VAULT_CONFIG']],
  ['only the shell names one', {}, { VAULT_SEAL_TYPE: 'awskms' }, ['VAULT_SEAL_TYPE']],
])('seals set otherwise in console and shell: %s', async (_, there, here, names) => {
  const self = identify(process.pid)
  const at = { pid: process.pid, born: self?.born ?? '', startedAt: '', url: 'http://localhost', databaseUrl: 'none' }
  const seal = whatDecidesSeal(envOf(there))
  expect(JSON.stringify(seal)).not.toContain('hidden')
  await announceRunning(dataDir, { ...at, seal })
  expect(sealSetOtherwise(envOf(here)).sort()).toEqual(names)
})

test('no console runs here, or one that does not say: nothing is told', () => {
  expect(sealSetOtherwise(envOf(awskms))).toEqual([])
})

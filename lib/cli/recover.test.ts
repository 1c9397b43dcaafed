import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { certificate } from '#lib/alerts/certificate-for-tests.ts'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { openProxy, openTlsFront } from '#lib/aws/proxy-for-tests.ts'
import { writeRecoveryKit } from '#lib/seal/recovery-kit.ts'
import { bucket, bucketAlone, ids, installation, region, root } from './bucket-alone-for-tests.ts'

const here = bucketAlone()
const { arnOf, at, backUp, farKey, newTarget, place, recover } = here

test('a dry run says what would be written, and writes nothing', async () => {
  const to = newTarget()
  const command = [...at(), '--key', arnOf('backups')]
  const tried = await recover([...command, 'one-key', '--to', to, '--dry-run'])
  expect(tried).toMatchObject({ code: 0 })
  expect(tried.stdout).toMatch(/^new +391 KiB {2}größe\/file$/m)
  expect(tried.stdout).toContain(`Would restore 2 files and 0 links, 391 KiB, to ${to}\n`)
  expect(existsSync(to)).toBe(false)
  expect(await recover([...command, '--list', '--dry-run'])).toMatchObject({ code: 2 })
})

test('a folder is meant where links lead', async () => {
  const link = path.join(place.folder, 'a-link')
  symlinkSync('.', link)
  const to = newTarget()
  const command = [...at(), '--key', arnOf('backups'), 'one-key', '--to', path.join(link, path.basename(to))]
  expect(await recover(command)).toMatchObject({ code: 0, stdout: expect.stringContaining(to) })
  expect(await describeTree(to)).toEqual(await describeTree(place.source))
  const tooDeep = path.join(link, 'not-there/restored')
  expect(await recover([...command.slice(0, -1), tooDeep])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the folder that is to hold it does not exist'),
  })
})

test('where only a proxy leads out, by AWS’s own names; and what the proxy refuses is told without its password', async () => {
  const front = await openTlsFront(here.target.info.endpoint)
  const address: AddressInfo | string | null = front.address()
  const proxy = await openProxy(typeof address === 'object' && address ? address.port : 0, { login: 'me:right' })
  const authority = path.join(place.folder, 'authority.pem')
  writeFileSync(authority, certificate)
  const restore = (password: string) => {
    const to = newTarget()
    const address = [`s3://${bucket}/a/prefix`, '--environment', 'env-7']
    const variables = {
      https_proxy: `http://me:${password}@127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: authority,
    }
    return recover([...address, 'one-key', '--key', arnOf('backups'), '--to', to], { variables }).then((result) => ({
      ...result,
      to,
    }))
  }
  try {
    const good = await restore('right')
    expect(good).toMatchObject({ code: 0 })
    expect(await describeTree(good.to)).toEqual(await describeTree(place.source))
    expect(new Set(proxy.asked)).toEqual(
      new Set(['kms.us-east-1.amazonaws.com:443', `${bucket}.s3.us-east-1.amazonaws.com:443`]),
    )
    const refused = await restore('hunter2')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('answered 407') })
    expect(refused.stdout + refused.stderr).not.toContain('hunter2')
    expect(existsSync(refused.to)).toBe(false)
  } finally {
    await proxy.close()
    front.close()
  }
})

test.each([
  ['one-key', ['backups']],
  ['two-keys', ['backups']],
  ['two-keys', ['archive']],
  // A key that is not in the envelope does no harm beside one that is.
  ['one-key', ['archive', 'backups']],
  ['plain', []],
])('%s, with the keys %j: everything comes back', async (backup, keys) => {
  const how =
    keys.length > 0 ? keys.flatMap((key) => ['--key', arnOf(key)]) : ['--allow-unencrypted', '--region', region]
  const to = newTarget()
  const run = await recover([...at(), backup, '--to', to, '--json', ...how])
  expect(run.code, run.stderr).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({ backup, installation, files: 2, warnings: 0 })
  expect(describeTree(to)).toEqual(describeTree(place.source))
})

test('with an output that nobody reads any more everything comes back all the same, and quietly', async () => {
  const to = newTarget()
  const run = await recover([...at(), 'one-key', '--to', to, '--key', arnOf('backups')], { deaf: true })
  expect(run).toEqual({ code: 0, stdout: '', stderr: expect.stringMatching(/^Without the console’s database/) })
  expect(describeTree(to)).toEqual(describeTree(place.source))
})

test('a backup of method AES-256 comes back with a recovery kit, and not with a wrong passphrase or another kit', async () => {
  const passphrase = 'twelve or more characters'
  const kit = async (name: string, { id, key }: typeof root) => {
    const file = path.join(place.folder, name)
    const keys = [{ id, key: key.toString('base64') }]
    writeFileSync(file, await writeRecoveryKit(installation, keys, passphrase, 4))
    return ['--recovery-kit', file]
  }
  const mine = await kit('mine.age', root)
  const how = [...at(), 'sealed', '--region', region, '--json']
  const to = newTarget()
  const run = await recover([...how, '--to', to, ...mine], { input: `${passphrase}\n` })
  expect(run.code, run.stderr).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({ backup: 'sealed', installation, files: 2 })
  expect(describeTree(to)).toEqual(describeTree(place.source))
  expect(await recover([...how, '--to', newTarget(), ...mine], { input: 'wrong\n' })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('passphrase is wrong'),
  })
  const other = await kit('other.age', { id: `root-key/${randomUUID()}`, key: randomBytes(32) })
  expect(await recover([...how, '--to', newTarget(), ...other], { input: passphrase })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a kit that was made since then'),
  })
  // The same name, another key.
  const forged = await kit('forged.age', { ...root, key: randomBytes(32) })
  const refused = await recover([...how, '--to', newTarget(), ...forged], { input: passphrase })
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('envelope of backup sealed') })
})

test('a path of it, and nothing that it does not hold', async () => {
  const to = newTarget()
  const how = [...at(), '--key', arnOf('backups'), 'one-key']
  const run = await recover([...how, 'größe', '--to', to])
  expect(run.code, run.stderr).toBe(0)
  expect(Object.keys(describeTree(to)).sort()).toEqual(
    Object.keys(describeTree(place.source))
      .filter((name) => name !== './empty')
      .sort(),
  )
  expect(await recover([...how, 'not/in it', '--to', newTarget()])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/not\/in it”\. A path counts from the backup’s top/),
  })
})

test('in words: the installation that the key has authenticated, and what nobody can see', async () => {
  const words = await recover([...at(), 'one-key', '--to', newTarget(), '--key', arnOf('backups')])
  expect(words.stdout).toMatch(/installation \S+: named by its envelope, and its key\s+has authenticated it/)
  expect(words.stderr).toMatch(/nobody can see whether backups were deleted/)
})

test('--list says which of them these keys open, and why not the others', async () => {
  const listed = await recover([...at(), '--list', '--key', arnOf('archive'), '--json'])
  const { backups } = JSON.parse(listed.stdout)
  expect(backups.map(({ id, state }: { id: string; state: string }) => [id, state])).toEqual([
    ['one-key', 'refused'],
    ['plain', 'refused'],
    ['sealed', 'refused'],
    ['two-keys', 'opens'],
  ])
  expect(listed.code).toBe(1)
  const reasons = backups.map(({ reason }: { reason?: string }) => reason)
  expect(reasons[0]).toMatch(/names only keys that are not allowed here: arn:/)
  expect(reasons[1]).toMatch(/no envelope: it is not encrypted, .* --allow-unencrypted/)
  expect(reasons[2]).toMatch(/method AES-256: no KMS key opens it, only the console’s root-key\//)
  const words = await recover([...at(), '--list', '--key', arnOf('backups')])
  expect(words.stdout).toMatch(/^two-keys {2}\d{4}-\d\d-\d\d .* 2 files {2}installation \S{36}$/m)
})

test.each([
  ['no protection named', [], 2, /--key ARN, --recovery-kit FILE or both, or --allow-unencrypted/],
  [
    'both named',
    ['--allow-unencrypted', '--key', 'KEY'],
    2,
    /--key ARN, --recovery-kit FILE or both, or --allow-unencrypted/,
  ],
  ['an alias', ['--key', 'alias/backups'], 1, /not a key ARN/],
  ['the wrong key', ['--key', 'OTHER'], 1, /names only keys that are not allowed here/],
  ['a key that refuses', ['--key', 'WRITE-ONLY'], 1, /not allowed here|denied|Deny/i],
  ['unencrypted, but it is encrypted', ['--allow-unencrypted', '--region', region], 1, /is encrypted.*--key/],
] as const)('%s', async (_, how, code, words) => {
  const named: Record<string, string> = { KEY: 'backups', OTHER: 'archive', 'WRITE-ONLY': 'write-only' }
  const args = how.map((word) => (named[word] ? arnOf(named[word]) : word))
  const to = newTarget()
  const run = await recover([...at(), 'one-key', '--to', to, ...args])
  expect(run.stderr).toMatch(words)
  expect(run.code).toBe(code)
  expect(run.stderr).not.toMatch(/\bat .*\.ts:\d+/)
  expect(run.stderr).not.toMatch(/Whatever was restored/)
  expect(existsSync(to)).toBe(false)
})

test('a file or a link in the place of the folder to restore to is named as one', async () => {
  const [file, way] = [newTarget(), newTarget()]
  writeFileSync(file, 'mine')
  symlinkSync(place.folder, way)
  for (const to of [file, way, path.join(file, 'below')]) {
    const run = await recover([...at(), 'one-key', '--to', to, '--key', arnOf('backups')])
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${to} is no folder, or lies below what is none`),
    })
  }
})

test('an envelope that claims another installation, a wrong environment, a bucket that is not there', async () => {
  const key = arnOf('backups')
  const name = 'a/prefix/env-7/backups/claims/envelope.json'
  await backUp('claims', [key])
  const { Body } = await here.target.s3().send(new GetObjectCommand({ Bucket: bucket, Key: name }))
  const text = ((await Body?.transformToString()) ?? '').replaceAll(installation, randomUUID())
  await here.target.s3().send(new PutObjectCommand({ Bucket: bucket, Key: name, Body: text }))
  const claimed = await recover([...at(), 'claims', '--to', newTarget(), '--key', key])
  expect(claimed).toMatchObject({ code: 1, stdout: '' })
  expect(claimed.stderr).toMatch(/envelope of backup claims/)
  const elsewhere = [
    `s3://${bucket}/a/prefix`,
    '--endpoint',
    here.target.info.endpoint,
    '--key',
    key,
    '--environment',
    'env-8',
  ]
  expect(await recover([...elsewhere, 'one-key', '--to', newTarget()])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no backup one-key'),
  })
  expect(await recover([...elsewhere, '--list'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No complete backup lies in bucket'),
  })
  const nowhere = ['s3://not-there-at-all', '--environment', 'env-7', '--endpoint', here.target.info.endpoint]
  const run = await recover([...nowhere, '--list', '--key', key])
  expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('not-there-at-all') })
})

test('the program in docs/recovery.md opens them too: one key, either of two, one in another Region, none', async () => {
  const checkout = path.join(import.meta.dirname, '..', '..')
  const document = readFileSync(path.join(checkout, 'docs', 'recovery.md'), 'utf8')
  const program = /^```js\n([\s\S]*?)^```/m.exec(document)?.[1] ?? ''
  expect(program.split('\n').filter((line) => line !== '').length).toBeLessThan(70)
  await backUp('far-key', [arnOf('backups'), farKey()])
  // Beside the dependencies, because that is where Node looks for them.
  const beside = mkdtempSync(path.join(checkout, 'node_modules', '.recover-'))
  try {
    writeFileSync(path.join(beside, 'recover.mjs'), program)
    const [one, two] = [arnOf('backups'), arnOf('archive')]
    for (const [backup, key] of [
      ['one-key', one],
      ['two-keys', one],
      ['two-keys', two],
      ['far-key', farKey()],
      ['plain', 'none'],
    ] as const) {
      const args = [path.join(beside, 'recover.mjs'), region, bucket, key, ids.installation, ids.environment, backup]
      const { stdout } = await promisify(execFile)(process.execPath, [...args, ids.prefix], {
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
        env: {
          NODE_ENV: 'production',
          AWS_ENDPOINT_URL: here.target.info.endpoint,
          AWS_ACCESS_KEY_ID: here.target.administrator.accessKeyId,
          AWS_SECRET_ACCESS_KEY: here.target.administrator.secretAccessKey,
        },
      })
      const to = newTarget()
      mkdirSync(to)
      const tar = path.join(beside, `${backup}.tar`)
      writeFileSync(tar, stdout)
      await promisify(execFile)('tar', ['-xpf', tar, '-C', to])
      expect(describeTree(to)).toEqual(describeTree(place.source))
    }
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
})

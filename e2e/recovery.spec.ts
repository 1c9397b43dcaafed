import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, keyOf, saveKey, test } from './fixtures.ts'
import { describeTree, plantTree } from './tree.ts'

const root = path.join(import.meta.dirname, '..')

test('the program in docs/recovery.md, which knows nothing of this project, brings everything back', async ({
  signedIn: page,
  console,
  sandbox,
}) => {
  const document = readFileSync(path.join(root, 'docs', 'recovery.md'), 'utf8')
  const program = /^```js\n([\s\S]*?)^```/m.exec(document)?.[1] ?? ''
  expect(program.split('\n').length).toBeLessThan(70)
  const imports = [...program.matchAll(/from '([^']+)'/g)].map(([, name]) => name)
  expect(imports.length).toBeGreaterThan(3)
  for (const name of imports)
    expect(name).toMatch(/^(node:(crypto|zlib)|@aws-sdk\/client-(kms|s3)|@aws-crypto\/client-node)$/)

  const key = keyOf(sandbox, 'us-east-1', 'backups')
  await saveKey(page, key)
  const source = path.join(console.sources, 'to recover')
  plantTree(source, { files: 300, seed: 13 })
  const made = await console.byok(['backup', 'create', source, '--json'])
  expect(made.code, made.stderr).toBe(0)
  const { id } = JSON.parse(made.stdout)

  // The numbers a person keeps, read where a person reads them.
  await page.goto(`/backups/${id}`)
  const fact = (name: string) =>
    page
      .getByRole('term')
      .filter({ hasText: name })
      .locator('xpath=following-sibling::dd[1]')
      .locator('code')
      .textContent()
  const installation = (await fact('Installation')) ?? ''
  const environment = (await fact('Environment')) ?? ''

  // Beside the dependencies, because that is where Node looks for them; it reads nothing else there.
  const folder = mkdtempSync(path.join(root, 'node_modules', '.recovery-'))
  try {
    const file = path.join(folder, 'recover.mjs')
    writeFileSync(file, program)
    const [administrator] = sandbox.accounts
    const run = promisify(execFile)(
      process.execPath,
      [file, key.region, `vault-hosted-${key.region}`, key.arn, installation, environment, id],
      {
        encoding: 'buffer',
        maxBuffer: 256 * 1024 * 1024,
        cwd: folder,
        env: {
          NODE_ENV: 'production',
          PATH: process.env.PATH,
          AWS_ENDPOINT_URL: sandbox.endpoint,
          AWS_ACCESS_KEY_ID: administrator?.accessKeyId,
          AWS_SECRET_ACCESS_KEY: administrator?.secretAccessKey,
        },
      },
    )
    const { stdout } = await run
    const archive = path.join(folder, 'recovered.tar')
    writeFileSync(archive, stdout)
    const target = path.join(console.folder, 'recovered')
    mkdirSync(target)
    await promisify(execFile)('tar', ['-xpf', archive, '-C', target])
    expect(describeTree(target)).toEqual(describeTree(source))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

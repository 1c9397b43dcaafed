import path from 'node:path'
import { logsOf } from './console.ts'
import { expect, keyOf, saveKey, saveSettings, test } from './fixtures.ts'
import { dumpDatabase, holders } from './search.ts'
import { describeTree, plantTree } from './tree.ts'

const marker = 'THE-MARKER-THAT-MUST-NOT-BE-FOUND-3f9c1e'

for (const method of ['AWS-KMS', 'AES-256'] as const) {
  test(`no plaintext is left anywhere by ${method}: not in the bucket, the database, the data folder or the logs`, async ({
    signedIn: page,
    console,
    sandbox,
  }) => {
    await saveKey(page, keyOf(sandbox, 'us-east-1', 'backups'))
    if (method === 'AES-256') {
      await page.getByLabel('AES-256').check()
      await saveSettings(page)
    }
    const source = path.join(console.sources, `marked with ${method}`)
    plantTree(source, { files: 40, seed: 5, marker })
    const made = await console.byok(['backup', 'create', source, '--json'])
    expect(made.code, made.stderr).toBe(0)
    const backup = JSON.parse(made.stdout)
    expect(backup.method).toBe(method)
    expect(backup.keyArns).toEqual(method === 'AWS-KMS' ? [keyOf(sandbox, 'us-east-1', 'backups').arn] : [])

    // The search itself must be able to find: the marker is in the source, and the backup's ID in bucket and database.
    expect(holders(source, marker).length).toBeGreaterThan(5)
    const bucket = path.join(console.dataDir, 'sandbox', 's3')
    const database = await dumpDatabase(console.dataDir)
    expect(database).toContain(backup.id)
    expect(holders(bucket, backup.id, { names: true }).length).toBeGreaterThan(0)

    expect(holders(console.dataDir, marker)).toEqual([])
    expect(database).not.toContain(marker)
    expect(logsOf(console)).not.toContain(marker)

    const target = path.join(console.folder, `${method} back`)
    const restored = await console.byok(['backup', 'restore', backup.id, '--to', target])
    expect(restored.code, restored.stderr).toBe(0)
    expect(describeTree(target)).toEqual(describeTree(source))
  })
}

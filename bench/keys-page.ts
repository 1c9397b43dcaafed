import { createDb } from '#lib/db.ts'
import { findRunning } from '#lib/supervisor/running.ts'
import { administrator, startConsole } from '../e2e/console.ts'

// How long the console takes for the list of keys, for the page of one of them and for other lists, with 10,000 backups
// under 50 keys: at most 50 ms at the median. Run: node bin/bootstrap.mjs bench/keys-page.ts [BACKUPS] [KEYS]

const [backups = 10_000, keys = 50] = process.argv.slice(2).map(Number)
const rounds = 100
const arnOf = (index: number) =>
  `arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

const console_ = await startConsole()
try {
  const db = createDb(findRunning(console_.dataDir)?.databaseUrl ?? '')
  const { id: environmentId } = await db.environment.findFirstOrThrow()
  await db.environmentRevision.create({
    data: {
      environmentId,
      number: 1,
      storageType: 's3',
      region: 'us-east-1',
      method: 'AWS-KMS',
      masterKey: 'alias/backups',
      keyArn: arnOf(0),
      hosted: true,
      label: '',
      bucket: 'vault-hosted-us-east-1',
      prefix: '',
      credentials: 'default',
      report: { ok: true, keyArn: arnOf(0), region: 'us-east-1', durationMs: 1, checks: [] },
      createdBy: administrator.email,
    },
  })
  for (let from = 0; from < backups; from += 1000) {
    await db.backup.createMany({
      data: Array.from({ length: Math.min(1000, backups - from) }, (_, index) => ({
        environmentId,
        revision: 1,
        name: `backup ${from + index}`,
        source: '/srv/data',
        state: 'complete' as const,
        region: 'us-east-1',
        bucket: 'vault-hosted-us-east-1',
        prefix: '',
        method: 'AWS-KMS',
        // Every third has a second key.
        keyIds: [arnOf(index % keys), ...(index % 3 === 0 ? [arnOf((index * 7 + 1) % keys)] : [])],
        bytes: BigInt(1_000_000 + index),
        // As large as an envelope with two keys.
        envelope: new Uint8Array(1600),
        createdAt: new Date(Date.UTC(2026, 0, 1) + (from + index) * 600_000),
        createdBy: administrator.email,
      })),
    })
  }
  // As it does by itself within a minute.
  await db.$executeRaw`VACUUM ANALYZE "backup"`
  await db.$disconnect()
  const cookie = await signIn(console_.url)
  const [, , , region, account, resource = ''] = arnOf(1).split(':')
  for (const path of ['/', '/backups', '/audit', '/keys', `/keys/${region}/${account}/${resource.slice(4)}`]) {
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const started = performance.now()
      const answer = await fetch(console_.url + path, { headers: { cookie } })
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
      // What comes after is what KMS says, which the page does not wait for.
      let text = ''
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
        text += part.value
        if (text.includes('</main>')) break
      }
      times.push(performance.now() - started)
      await reader?.cancel()
      if (!answer.ok || !text.includes('</main>')) throw new Error(`${path}: ${answer.status}`)
    }
    times.sort((a, b) => a - b)
    const at = (part: number) => times[Math.floor((rounds - 1) * part)]?.toFixed(0)
    console.log(`${path}: median ${at(0.5)} ms, 95 of 100 within ${at(0.95)} ms (${backups} backups, ${keys} keys)`)
  }
} finally {
  await console_.remove()
}

async function signIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify(administrator),
  })
  if (!answer.ok) throw new Error(`Sign-in: ${answer.status}`)
  return answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
}

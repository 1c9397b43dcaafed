import { checkEnvironment } from '#lib/environment/check-environment.ts'
import { keyArn, openTestSandbox } from '#lib/sandbox/open-test-sandbox.ts'

// How long one whole key check takes, of one key and one bucket, when every call to AWS takes 100 ms longer: at most
// 500 ms. Run: node bin/bootstrap.mjs bench/key-check.ts

const rounds = 20
const sandbox = await openTestSandbox()
const { accessKeyId, secretAccessKey } = sandbox.administrator
const what = {
  access: { region: 'us-east-1', credentials: { accessKeyId, secretAccessKey }, endpoint: sandbox.sandbox.endpoint },
  installation: 'installation',
  environment: 'environment',
  keys: [keyArn(sandbox.info, 'backups')],
  bucket: { name: 'vault-hosted-us-east-1', prefix: '' },
}
await checkEnvironment(what)
await sandbox.control('PUT', 'faults', [{ service: '*', operation: '*', effect: 'Latency', latencyMs: 100 }])
const times: number[] = []
for (let round = 0; round < rounds; round += 1) {
  const { ok, durationMs } = await checkEnvironment(what)
  if (!ok) throw new Error('A check failed.')
  times.push(durationMs)
}
await sandbox.close()
times.sort((a, b) => a - b)
console.log(`${rounds} checks: median ${times[rounds / 2]} ms, slowest ${times.at(-1)} ms, of 500 ms`)

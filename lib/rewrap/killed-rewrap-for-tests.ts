import { createDb } from '#lib/db.ts'
import { openQueue } from '#lib/jobs/queue.ts'
import { openKmsTally } from '#lib/kms-calls/tally.ts'
import { unseal } from '#lib/seal/unseal.ts'
import { armKillPoint } from './kill-points-for-tests.ts'
import { runRewrap } from './run-rewrap.ts'

// A worker's part of one re-wrap in a process of its own, which is made to be killed:
// `node lib/rewrap/killed-rewrap-for-tests.ts JSON`, JSON as `killedRewrap` (kills-for-tests.ts) writes it.
// Ended by itself it prints how often it came to each point.

const { url, dataDir, own, installation, id, point } = JSON.parse(process.argv[2] ?? '{}')
const db = createDb(url)
const jobs = await openQueue(url)
const { keyring } = await unseal({ db, installation }, { dataDir, configFile: undefined, variables: {}, own })
const armed = armKillPoint(point)
await runRewrap(
  {
    db,
    jobs,
    installation,
    seal: keyring,
    own,
    kmsTally: openKmsTally(db),
    hostedBucket: 'vault-hosted-{region}',
    allowedEndpoints: [],
    dataDir,
    sourceRoots: [],
    restoreRoots: [],
  },
  id,
  new AbortController().signal,
)
process.stdout.write(JSON.stringify(armed.met()))
process.exit(0)

import { expect } from 'vitest'
import { openLane } from './fault-lane-for-tests.ts'
import { Life } from './life-with-faults-for-tests.ts'
import { seededRandom } from './workers-for-tests.ts'

interface FaultCampaign {
  readonly seed: number
  readonly runs: number
  /** Runs at a time: most of their time is spent waiting for a next try. */
  readonly lanes: number
  /** Whether faults may last until the product has tried often enough, which takes it a minute; and more large files. */
  readonly lasting: boolean
}

/**
 * Whole lives of backups (made, perhaps interrupted, restored, verified, deleted), each part of which meets faults of KMS
 * and S3 and a rough network. Each part ends complete, or waiting or failed with a sentence; once all is calm again what
 * waited goes on, what is complete is the source, and what is gone has left nothing.
 * @returns how often each part ended how
 */
export async function faultCampaign({ seed, runs, lanes, lasting }: FaultCampaign): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {}
  let next = 0
  const troubles: string[] = []
  let opening: Promise<unknown> = Promise.resolve()
  const lane = async () => {
    // One after the other: the check of the settings, which a person waits for, has no patience with a busy machine.
    const opened = opening.then(openLane)
    opening = opened
    const here = await opened
    try {
      for (let run = next++; run < runs; run = next++) {
        const random = seededRandom(seed * 100_003 + run)
        if (run > 0 && run % 50 === 0) console.log(`${run} runs begun: ${JSON.stringify(outcomes)}`)
        try {
          for (const outcome of await new Life(here, random, lasting).live())
            outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        } catch (error) {
          troubles.push(`Run ${run} of seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
          console.log(troubles.at(-1))
          await here.calm()
        }
      }
    } finally {
      await here.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, runs) }, lane))
  expect(troubles).toEqual([])
  return outcomes
}

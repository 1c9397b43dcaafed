import { expect } from 'vitest'
import { auditMustHold, bucketsMustHold, listMustHold, mustHold } from './invariants-for-tests.ts'
import { allWell, cancelPaused, keyOperations } from './key-operations-for-tests.ts'
import { Model } from './model-for-tests.ts'
import { learnRootKeys, leftMustOpen, mustOpen, mustStayShut, recoveryListMustHold } from './opens-for-tests.ts'
import { type Operation, operations, plant } from './operations-for-tests.ts'
import { copyOperations } from './put-back-for-tests.ts'
import { reportOperations } from './report-operations-for-tests.ts'
import { manners } from './workers-for-tests.ts'
import { World } from './world-for-tests.ts'

type Named = readonly [string, Operation]
const together: readonly Named[] = Object.entries({ ...operations, ...keyOperations })
const alone: readonly Named[] = Object.entries({ ...reportOperations, ...copyOperations })

interface Sequences {
  /** Of the first; each further one has the next. */
  readonly seed: number
  readonly runs: number
  readonly steps: number
  /** Sequences at a time. */
  readonly lanes: number
}

/** @returns how often each thing was done */
export async function sequences({ seed, runs, steps, lanes }: Sequences): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const troubles: string[] = []
  let next = 0
  const lane = async () => {
    for (let run = next++; run < runs; run = next++)
      await sequence(seed + run, steps, counts).then(
        () => console.log(`sequence ${seed + run} holds`),
        (error: unknown) => {
          troubles.push(String(error))
          console.log(troubles.at(-1))
        },
      )
  }
  await Promise.all(Array.from({ length: Math.min(lanes, runs) }, lane))
  expect(troubles).toEqual([])
  return counts
}

/**
 * A long random sequence of whatever a console can be asked for, against one console. After each step nothing hangs, and
 * nothing ended otherwise than somebody asked; at the end everything that the console calls complete comes back byte by
 * byte, with it and without it, and buckets, list and audit log are what they must be.
 * @param counts how often each thing was done
 */
async function sequence(seed: number, steps: number, counts: Record<string, number>): Promise<void> {
  const world = await World.open()
  const model = new Model()
  try {
    world.reseed(seed * 1_000_003)
    plant(world)
    await world.here.save({ masterKey: world.keys[0] ?? '' })
    await learnRootKeys(world, model)
    // Each sequence likes some things more than others, and some not at all: what seldom meets meets in one of them.
    const often = together.flatMap((one) => Array<Named>(one[0] === 'backUp' ? 4 : world.below(4)).fill(one))
    const rough = world.chance(0.5)
    for (let step = 1; step <= steps; step += 1) {
      world.reseed(seed * 1_000_003 + step)
      await oneStep(world, model, { counts, often, rough })
    }
    await allWell(world)
    await cancelPaused(world)
    await world.work('in turn')
    await mustHold(world, model, true)
    await world.cleanUp()
    await world.work('in turn')
    await mustHold(world, model, false)
    await bucketsMustHold(world, model)
    await listMustHold(world, model)
    await auditMustHold(world, model)
    await recoveryListMustHold(world, model)
    for (const known of model.complete()) if (!known.astray) await mustOpen(world, model, known)
    for (const known of model.backups.values())
      if (known.shut || known.state === 'shredded') await mustStayShut(world, model, known)
      else if (known.astray) await leftMustOpen(world, model, known)
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Error(`Sequence ${seed}:\n${world.done.map((one, at) => `${at + 1}. ${one}`).join('\n')}\n${words}`, {
      cause: error,
    })
  } finally {
    await world.close()
  }
}

interface Style {
  readonly counts: Record<string, number>
  readonly often: readonly Named[]
  /** Answers get lost. */
  readonly rough: boolean
}

async function oneStep(world: World, model: Model, { counts, often, rough }: Style): Promise<void> {
  world.wasOut = !world.calm
  const run = async ([name, operation]: Named) => {
    const words = await operation(world, model)
    if (words === undefined) return
    counts[name] = (counts[name] ?? 0) + 1
    world.done.push(words)
  }
  if (rough && world.chance(0.3)) world.loseAnswers()
  // Nothing is out of reach for long: little is promised then.
  if (!world.calm && world.chance(0.2)) await allWell(world)
  if (world.chance(0.2)) await run(world.oneOf(alone))
  else {
    const wanted = Array.from({ length: world.oneOf([1, 1, 1, 2, 3]) }, () => world.oneOf(often))
    // Of two outages at once one would end what the other begins.
    const lastOutage = wanted.findLastIndex(([name]) => name === 'outage')
    const atOnce = wanted.filter(([name], at) => name !== 'change' && (name !== 'outage' || at === lastOutage))
    if (world.chance(0.3)) await Promise.all(atOnce.map(run))
    else for (const one of wanted) await run(one)
  }
  const manner = world.oneOf(manners)
  const meanwhile = manner !== 'cut off' && manner !== 'copied' && world.chance(0.5) ? world.oneOf(often) : undefined
  world.done.push(`work ${manner}${meanwhile ? `, and meanwhile ${meanwhile[0]}` : ''}`)
  await world.work(manner, meanwhile && (() => run(meanwhile)))
  await mustHold(world, model, world.wasOut)
  if (world.calm && world.chance(0.3)) {
    await world.cleanUp()
    await world.work('in turn')
    await mustHold(world, model, false)
    await bucketsMustHold(world, model)
    const known = world.maybeOneOf(model.complete())
    if (known) await (known.astray ? leftMustOpen : mustOpen)(world, model, known)
  }
  expect(await world.db.backupPart.count({ where: { backup: { state: 'complete' } } })).toBe(0)
}

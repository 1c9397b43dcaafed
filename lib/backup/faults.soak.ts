import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { actor } from './console-for-tests.ts'
import { openLane } from './fault-lane-for-tests.ts'
import { faultCampaign } from './faults-for-tests.ts'
import { runBackup } from './run-backup.ts'
import { runRestore } from './run-restore.ts'
import { startBackup } from './start-backup.ts'
import { startRestore } from './start-restore.ts'

test('backups among faults of every operation and a rough network', async () => {
  const { seed, runs } = soakSize('Faults', 300)
  const said = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => said.mockRestore())
  const outcomes = await faultCampaign({ seed, runs, lanes: 14, lasting: true })
  console.log(JSON.stringify(outcomes))
  // An error that is no AppError is one that nobody has thought of.
  expect(said.mock.calls.filter(([one]) => one instanceof Error)).toEqual([])
})

test('connections that fall silent in the middle of a segment, on its way up and down, hold nothing up for ever', async () => {
  const { network, console: here, close } = await openLane()
  onTestFinished(close)
  const { context, db } = here
  const source = path.join(context.sourceRoots[0] ?? '', 'silent')
  const target = path.join(context.restoreRoots[0] ?? '', 'silent')
  mkdirSync(source)
  writeFileSync(path.join(source, 'large'), randomBytes(20 << 20))
  const signal = AbortSignal.timeout(300_000)
  /** The first connection falls silent after a megabyte, and the others do not. */
  const fallSilent = () => {
    const numbers = [0, 0, 0.8, 0]
    network.setWeather({ probability: 0.5, kinds: ['silent'], random: () => numbers.shift() ?? 0.9 })
  }
  const id = await startBackup(context, { source, name: '' }, 'page', actor)
  fallSilent()
  await runBackup(context, id, signal)
  expect(await db.backup.findUnique({ where: { id } })).toMatchObject({ state: 'complete', error: null })
  const restore = await startRestore(context, { backupId: id, target }, 'page', actor)
  fallSilent()
  await runRestore(context, restore, signal)
  expect(await db.restore.findUnique({ where: { id: restore } })).toMatchObject({ state: 'complete', error: null })
  expect(describeTree(target)).toEqual(describeTree(source))
  expect(network.figures().met).toBe(2)
})

import { readdirSync, rmSync } from 'node:fs'
import { expect } from 'vitest'
import { describeTree } from '#lib/archive/tree-for-tests.ts'
import { cleanUpBackup } from '#lib/backup/clean-up.ts'
import { actor } from '#lib/backup/console-for-tests.ts'
import { deleteBackup } from '#lib/backup/delete-backup.ts'
import { runBackup } from '#lib/backup/run-backup.ts'
import { runRestore } from '#lib/backup/run-restore.ts'
import { runVerification } from '#lib/backup/run-verification.ts'
import type { sandboxConsole } from '#lib/backup/sandbox-console-for-tests.ts'
import { startRestore } from '#lib/backup/start-restore.ts'
import { startVerification } from '#lib/backup/start-verification.ts'
import { requestOf, stands, startNow } from '#lib/rewrap/rewrap-for-tests.ts'
import { runRewrap } from '#lib/rewrap/run-rewrap.ts'
import { runShreds } from '#lib/shred/run-shreds.ts'
import { previewShred } from '#lib/shred/select-backups.ts'
import { startShred } from '#lib/shred/start-shred.ts'
import type { Work } from './lost-answers-for-tests.ts'

// What workers do, and how each of it must have ended, once.

type Here = ReturnType<typeof sandboxConsole>
const never = new AbortController().signal
const auditOf = (here: Here, words: string, action: string) =>
  here.db.auditEvent.count({ where: { action, subject: { contains: words } } })

/** A backup is made once, whole. */
export function backingUp(here: Here): Work {
  const source = here.makeSource('backup')
  return {
    prepare: () => here.start(source),
    run: (context, id) => runBackup(context, id, never),
    async mustBeDone(id) {
      expect(await here.row(id)).toMatchObject({ state: 'complete', error: null })
      expect(await here.auditOf(id)).toEqual(['backup.start success', 'backup.finish success'])
      expect(await here.db.backupPart.count()).toBe(0)
      const target = await here.restored(id)
      expect(describeTree(target)).toEqual(describeTree(source))
      rmSync(target, { recursive: true })
    },
  }
}

/** A restore is done once, whole, and leaves nothing beside. */
export async function restoring(here: Here): Promise<Work> {
  const source = here.makeSource('restore')
  const backupId = await here.complete(source)
  return {
    prepare: () => startRestore(here.context, { backupId, target: here.newTarget() }, 'page', actor),
    run: (context, id) => runRestore(context, id, never),
    async mustBeDone(id) {
      const row = await here.db.restore.findUniqueOrThrow({ where: { id } })
      expect(row).toMatchObject({ state: 'complete', error: null })
      expect(describeTree(row.target)).toEqual(describeTree(source))
      expect(await auditOf(here, row.target, 'restore.finish')).toBe(1)
      rmSync(row.target, { recursive: true })
      expect(readdirSync(here.context.restoreRoots[0] ?? '')).toEqual([])
    },
  }
}

/** A verification says once what it found. */
export async function verifying(here: Here): Promise<Work> {
  const backupId = await here.complete(here.makeSource('verify'))
  return {
    prepare: () => startVerification(here.context, { backupId, depth: 'full' }, actor),
    run: (context, id) => runVerification(context, id, never),
    async mustBeDone(id) {
      const row = await here.db.backupVerification.findUniqueOrThrow({ where: { id } })
      expect(row).toMatchObject({ state: 'complete', error: null, problems: [] })
    },
  }
}

/** What is deleted is gone, and told once. */
export function deleting(here: Here): Work {
  const source = here.makeSmallSource('delete')
  return {
    async prepare() {
      const id = await here.complete(source)
      await deleteBackup(here.context, id, actor)
      return id
    },
    run: (context, id) => cleanUpBackup(context, id),
    async mustBeDone(id) {
      expect(await here.db.backup.findUnique({ where: { id } })).toBeNull()
      expect(await here.objectsOf(id)).toEqual([])
      expect((await here.auditOf(id)).filter((line) => line === 'backup.deleted success')).toHaveLength(1)
    },
  }
}

/** Each backup has its new key, is counted once, and opens. */
export async function rewrapping(here: Here): Promise<Work> {
  const source = here.makeSmallSource('rewrap')
  const backups = [await here.complete(source), await here.complete(source)]
  const keys = [here.key('backups'), here.key('archive')]
  return {
    prepare() {
      keys.reverse()
      return startNow(here.context, requestOf(keys[1] ?? '', keys[0] ?? ''))
    },
    run: (context, id) => runRewrap(context, id, never),
    async mustBeDone(id) {
      expect(await stands(here.context, id)).toMatchObject({ state: 'complete', exchanged: 2, failed: 0, total: 2 })
      expect(await auditOf(here, id, 'rewrap.finish')).toBe(1)
      for (const backup of backups) {
        expect(await here.row(backup)).toMatchObject({ keyIds: [keys[0]], nextEnvelopeSha256: null })
        const target = await here.restored(backup)
        expect(describeTree(target)).toEqual(describeTree(source))
        rmSync(target, { recursive: true })
      }
    },
  }
}

/** Every wrap is destroyed, and that is certified once. */
export function shredding(here: Here): Work {
  const source = here.makeSmallSource('shred')
  let at = Date.now()
  const clock = { now: () => new Date(at) }
  const subjects = new Map<string, string>()
  return {
    async prepare() {
      const backup = await here.complete(source)
      const selection = { id: [backup] }
      const { digest, name } = await previewShred(here.db, selection)
      const id = await startShred(here.context, { selection, digest, name, reason: '', hours: 1 }, actor, clock.now())
      subjects.set(id, backup)
      at += 3_600_000
      return id
    },
    async run(context, id) {
      for (let pass = 0; pass < 20; pass += 1) {
        await runShreds(context, never, clock)
        const { state } = await here.db.shred.findUniqueOrThrow({ where: { id } })
        if (state === 'complete') return
        at += 11 * 60_000
      }
    },
    async mustBeDone(id) {
      const { state, items, issue } = await here.db.shred.findUniqueOrThrow({ where: { id }, include: { items: true } })
      expect({ state, issue, items: items.map((item) => item.state) }).toEqual({
        state: 'complete',
        issue: 1,
        items: ['destroyed'],
      })
      expect(await auditOf(here, id, 'shred.begin')).toBe(1)
      expect(await here.row(subjects.get(id) ?? '')).toMatchObject({ state: 'shredded', envelope: null })
      expect(await here.objectsOf(subjects.get(id) ?? '')).not.toContain('envelope.json')
    },
  }
}

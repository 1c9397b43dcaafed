import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { loadBackup } from '#app/_lib/load.ts'
import { loadShredOf } from '#app/_lib/load-shred.ts'
import { requireUser } from '#app/_lib/session.ts'
import { AgainButton } from '#components/backups/again-button.tsx'
import { BackupActions } from '#components/backups/backup-actions.tsx'
import { BackupFacts } from '#components/backups/backup-facts.tsx'
import { ErrorText } from '#components/backups/error-text.tsx'
import { KeyTroubles } from '#components/backups/key-troubles.tsx'
import { LiveProgress } from '#components/backups/live-progress.tsx'
import { RestoreForm } from '#components/backups/restore-form.tsx'
import { RestoreList } from '#components/backups/restore-list.tsx'
import { suggestTarget } from '#components/backups/suggest-target.ts'
import { VerificationList } from '#components/backups/verification-list.tsx'
import { VerifyButtons } from '#components/backups/verify-buttons.tsx'
import { WarningList } from '#components/backups/warning-list.tsx'
import { ShredNote } from '#components/shred/shred-note.tsx'
import { buttonClass } from '#components/ui/button-class.ts'
import { Card } from '#components/ui/card.tsx'
import { Command } from '#components/ui/command.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Path } from '#components/ui/path-text.tsx'
import { can } from '#lib/auth/schema.ts'
import { pathOfId } from '#lib/backup/browse-backup.ts'
import { browseQuerySchema } from '#lib/backup/browse-schema.ts'
import { pathText } from '#lib/backup/select-entries.ts'
import { isUnderWay } from '#lib/backup/under-way-schema.ts'
import {
  askLoss,
  backUpAgain,
  cancelBackup,
  cancelRestore,
  deleteBackup,
  startRestore,
  startVerification,
} from '../actions.ts'

export const metadata: Metadata = { title: 'Backup' }

interface Props {
  params: Promise<{ id: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export default async function BackupPage({ params, searchParams }: Props) {
  const user = await requireUser('backup.read')
  const { id } = await params
  const backup = await loadBackup(id)
  if (!backup) notFound()
  const request = await loadShredOf(id)
  const target = suggestTarget(backup.restoreRoot, backup.name, new Date())
  const complete = backup.state === 'complete'
  const canRestore = can(user.role, 'restore.run')
  const canVerify = can(user.role, 'backup.run')
  const chosen = chosenPaths((await searchParams).path)
  const verifying = backup.verifications.some(isUnderWay)
  return (
    <>
      <Link href="/backups" className="link mb-2 inline-block text-sm">
        Back to the backups
      </Link>
      <PageHeader
        title={
          <span className="line-clamp-2" title={backup.name}>
            {backup.name}
          </span>
        }
        lede={
          <>
            <Path path={backup.source} className="line-clamp-2 wrap-anywhere" />
            {backup.host && <span className="wrap-anywhere">on {backup.host}</span>}
          </>
        }
        aside={
          <div id="actions" tabIndex={-1} className="flex flex-wrap items-start gap-2.5 outline-none">
            {complete && !request && backup.method !== 'none' && can(user.role, 'backup.shred') && (
              <Link href={`/backups/shred/review?id=${backup.id}`} className={buttonClass({ size: 'small' })}>
                Shred…
              </Link>
            )}
            {backup.repeatable && can(user.role, 'backup.run') && <AgainButton id={backup.id} again={backUpAgain} />}
            <BackupActions
              backup={backup}
              cancel={can(user.role, 'backup.run') ? cancelBackup : undefined}
              remove={can(user.role, 'backup.delete') ? { ask: askLoss, run: deleteBackup } : undefined}
            />
          </div>
        }
      />
      {request && <ShredNote request={request} shredded={backup.state === 'shredded'} />}
      {isUnderWay(backup) && (
        <div className="mb-4">
          <LiveProgress
            name={`backup:${backup.id}`}
            label="Backup"
            state={backup.state}
            title={<h2 className="text-lg font-semibold">Under way</h2>}
          />
        </div>
      )}
      <div className="grid grid-cols-1 items-start gap-4 min-[1100px]:grid-cols-[minmax(0,1fr)_420px]">
        <div className="min-w-0 space-y-4">
          {backup.error && backup.state === 'failed' && (
            <Card title="Why it failed">
              <p className="wrap-anywhere">
                <ErrorText text={backup.error} />
              </p>
              <p className="mt-2 text-sm text-ink-3">
                Nothing of it counts as a backup, and nothing half-made can be restored.
              </p>
            </Card>
          )}
          {backup.error && backup.state === 'deleting' && (
            <Card title="Being deleted">
              <p className="wrap-anywhere">{backup.error}</p>
            </Card>
          )}
          <KeyTroubles backup={backup} />
          <BackupFacts backup={backup} />
          {complete && (
            <Card
              id="restore"
              title="Restore"
              hint={
                backup.damaged
                  ? 'Every file is authenticated before it gets its name. This backup is damaged: restoring everything fails where the damage is; by their paths, files beside it can still be restored.'
                  : 'Every file is authenticated before it gets its name.'
              }
            >
              {canRestore && (
                <RestoreForm
                  key={chosen}
                  backupId={backup.id}
                  suggestion={target}
                  chosen={chosen}
                  start={startRestore}
                />
              )}
              {backup.restores.length > 0 && (
                <div className={canRestore ? 'mt-5 border-t border-line pt-4' : ''}>
                  <h3 className="mb-2.5 font-medium">Restores so far</h3>
                  <RestoreList restores={backup.restores} cancel={canRestore ? cancelRestore : undefined} />
                </div>
              )}
              {!canRestore && backup.restores.length === 0 && (
                <p className="text-ink-2">Not restored yet. An operator or administrator can do it here.</p>
              )}
            </Card>
          )}
        </div>
        <div className="min-w-0 space-y-4">
          {complete && (
            <Card title="Files" hint="The list is read, not the data.">
              <div className="flex flex-wrap gap-2.5">
                <Link href={`/backups/${backup.id}/files`} prefetch={false} className={buttonClass()}>
                  Browse files
                </Link>
                {canRestore && (
                  <a href={`/api/backups/${backup.id}/download?as=tar`} download className={buttonClass()}>
                    Download as .tar
                  </a>
                )}
              </div>
            </Card>
          )}
          {complete && (
            <Card
              id="verify"
              title="Verify"
              hint="Quick: every object is there with its size and checksum, and the key opens it. Full: every byte is fetched, decrypted and compared."
            >
              <div className="space-y-4">
                {canVerify && <VerifyButtons backupId={backup.id} running={verifying} start={startVerification} />}
                {backup.verifications.length > 0 ? (
                  <VerificationList verifications={backup.verifications} />
                ) : (
                  <p className="text-sm text-ink-3">Not verified yet.</p>
                )}
              </div>
            </Card>
          )}
          {backup.warningList.length > 0 && <WarningList warnings={backup.warningList} total={backup.warnings} />}
          {complete && (
            <Card title="From the command line" hint="On the machine that runs this console, in its folder.">
              <Command
                text={`npx byok backup restore ${backup.id} --to ./restored\nnpx byok backup files ${backup.id}\nnpx byok backup verify ${backup.id} --full`}
              />
            </Card>
          )}
        </div>
      </div>
    </>
  )
}

/** Chosen in the list of files: one a line. */
function chosenPaths(given: string | string[] | undefined): string {
  const ids = [given ?? []].flat().flatMap((id) => browseQuerySchema.shape.in.parse(id) ?? [])
  return ids.map((id) => pathText(pathOfId(id))).join('\n')
}

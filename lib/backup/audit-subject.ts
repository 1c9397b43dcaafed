// What a row of the audit log is about, said in the same words by whoever writes it.

export function backupSubject({ id, source }: { readonly id: string; readonly source: string }): string {
  return `${source} (backup ${id})`
}

export function restoreSubject({ backupId, target }: { readonly backupId: string; readonly target: string }): string {
  return `Backup ${backupId} to ${target}`
}

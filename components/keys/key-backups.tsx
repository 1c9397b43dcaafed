import { shortenArn } from '#components/ui/shorten-arn.ts'
import type { KeyBackup } from '#lib/key-holdings/schema.ts'
import { KeyBackupLines } from './key-backup-lines.tsx'
import { keyHref } from './key-href.ts'

/** The backups that a key opens, and what else opens each. */
export function KeyBackups({ backups }: { backups: readonly KeyBackup[] }) {
  return <KeyBackupLines backups={backups.map(({ others, ...backup }) => ({ ...backup, others: others.map(wayIn) }))} />
}

const wayIn = ({ arn, usable }: KeyBackup['others'][number]) =>
  arn
    ? { arn, href: keyHref(arn), name: shortenArn(arn).replace('arn:…:', ''), usable }
    : { arn, href: undefined, name: 'AES-256, key of this Vault', usable }

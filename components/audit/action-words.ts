import type { AuditAction } from '#lib/audit/schema.ts'

export const actionWords: Readonly<Record<AuditAction, string>> = {
  'auth.setup': 'First setup',
  'auth.sign-in': 'Sign-in',
  'auth.sign-out': 'Sign-out',
  'user.add': 'New user',
  'environment.save': 'Save of settings',
  'key.check': 'Key check',
  'backup.start': 'Backup started',
  'backup.finish': 'Backup ended',
  'restore.start': 'Restore started',
  'restore.finish': 'Restore ended',
  'sandbox.rehearse': 'Rehearsal in the sandbox',
}

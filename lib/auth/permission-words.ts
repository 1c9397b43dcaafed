import type { Permission } from './schema.ts'

/** What each allows, as the audit log names it. */
export const permissionWords: Readonly<Record<Permission, string>> = {
  'environment.read': 'Seeing the Backup Environment',
  'environment.change': 'Changing the Backup Environment',
  'key.check': 'Testing a key',
  'key.rewrap': 'Re-wrapping backups',
  'backup.read': 'Seeing backups and keys',
  'backup.run': 'Making, verifying or cancelling backups',
  'backup.delete': 'Deleting backups',
  'backup.shred': 'Crypto-shredding backups',
  'key.retire': 'Proving that a key can be retired',
  'schedule.change': 'Changing schedules',
  'restore.run': 'Restoring or downloading from backups',
  'audit.read': 'Reading the audit log',
  'token.manage': 'Managing one’s own API tokens',
  'token.revoke-any': 'Revoking API tokens of others',
  'seal.read': 'Seeing the seal',
  'seal.change': 'Changing the seal',
  'alerts.change': 'Seeing or changing alerts',
  'sandbox.rehearse': 'Using the Sandbox page',
  'user.manage': 'Managing users',
  'account.change': 'Changing one’s own account',
}

import { type BackupContext, type BackupPlace, type Connection, openReach, type Reach } from './backup-context.ts'

export interface SharedPlaces {
  /** A connection that stays open until all are closed. Throws as `connectBackup` does. */
  connect(backup: BackupPlace): Promise<Connection>
  close(): void
}

/** For work on many backups: one reach for each revision and Region, however many backups it made. */
export function sharedPlaces(context: BackupContext, patience: 'interactive' | 'background'): SharedPlaces {
  const opened = new Map<string, Promise<Reach>>()
  return {
    async connect(backup) {
      const { environmentId, revision, region, installation = '' } = backup
      const name = JSON.stringify([environmentId, revision, region, installation])
      const reach = opened.get(name) ?? openReach(context, backup, patience)
      opened.set(name, reach)
      return (await reach).connect(backup)
    },
    close() {
      for (const reach of opened.values())
        reach.then(
          ({ close }) => close(),
          () => {},
        )
    },
  }
}

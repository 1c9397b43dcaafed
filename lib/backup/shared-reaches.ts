import { savedEnvironment } from '#lib/environment/access.ts'
import { AppError, messageOf } from '#lib/errors.ts'
import { type BackupContext, type BackupPlace, type Connection, openReach, type Reach } from './backup-context.ts'

/** Connections of one run: backups of the same revision and Region share theirs, and all are closed at its end. */
export class SharedReaches {
  readonly #context: BackupContext
  readonly #reaches = new Map<string, Promise<Reach>>()

  constructor(context: BackupContext) {
    this.#context = context
  }

  /**
   * As a restore reaches it, with the newest credentials that the settings have for its bucket.
   * @throws AppError `invalid` when these are gone
   */
  async connect(backup: BackupPlace): Promise<Connection> {
    const { environmentId, revision, region } = backup
    const place = `${environmentId} ${revision} ${region}`
    let reach = this.#reaches.get(place)
    if (!reach) {
      reach = openReach(this.#context, { environmentId, revision, region })
      this.#reaches.set(place, reach)
    }
    try {
      return (await reach).connect(backup)
    } catch (cause) {
      this.#reaches.delete(place)
      if (!(cause instanceof AppError)) throw cause
      const message = `The credentials that the Backup Environment has for bucket ${backup.bucket} cannot be used: ${messageOf(cause)}`
      throw new AppError(cause.code, message, { cause, retryable: cause.retryable })
    }
  }

  /** With the credentials of the settings in force. @throws AppError `invalid` before the first save */
  async inForce(): Promise<Connection> {
    const { environmentId, revision } = await savedEnvironment(this.#context.db)
    const { number, region, bucket, prefix } = revision
    return this.connect({ id: 'none', environmentId, revision: number, region, bucket, prefix })
  }

  close(): void {
    for (const reach of this.#reaches.values())
      reach.then(
        (opened) => opened.close(),
        () => {},
      )
  }
}

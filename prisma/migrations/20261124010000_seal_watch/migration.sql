-- The key of the seal is watched as every other key is: its changes are rows of key_event.
DROP TABLE "seal_event";

-- Policies that let a deletion of envelopes' versions go on where it was refused.
ALTER TABLE "retire_proof" ADD COLUMN "remedies" JSONB NOT NULL DEFAULT '[]';
ALTER TABLE "shred" ADD COLUMN "remedies" JSONB NOT NULL DEFAULT '[]';

-- A verification waits for a key or a bucket that cannot be reached, as backups and restores do.
ALTER TABLE "backup_verification"
  ADD COLUMN "waitingFor" TEXT,
  ADD COLUMN "nextTryAt" TIMESTAMPTZ(3),
  ADD COLUMN "tries" INTEGER NOT NULL DEFAULT 0;

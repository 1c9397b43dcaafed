-- CreateEnum
CREATE TYPE "SourceKind" AS ENUM ('folder', 'file', 'stream');

-- AlterEnum


ALTER TYPE "JobState" ADD VALUE 'waiting';
ALTER TYPE "JobState" ADD VALUE 'cancelled';
ALTER TYPE "JobState" ADD VALUE 'deleting';

-- DropForeignKey
ALTER TABLE "restore" DROP CONSTRAINT "restore_backupId_fkey";

-- AlterTable
ALTER TABLE "environment" ADD COLUMN     "externalId" UUID NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE "environment" ALTER COLUMN "externalId" DROP DEFAULT;
ALTER TABLE "environment" ADD COLUMN     "installation" UUID;

-- AlterTable
ALTER TABLE "environment_revision" ADD COLUMN     "furtherKeys" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "kmsEndpoint" TEXT,
ADD COLUMN     "restoredFrom" INTEGER,
ADD COLUMN     "roleArn" TEXT,
ADD COLUMN     "s3Endpoint" TEXT;

-- AlterTable
ALTER TABLE "backup" ADD COLUMN     "nextEnvelope" BYTEA,
ADD COLUMN     "nextEnvelopeSha256" TEXT,
ADD COLUMN     "nextKeyIds" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "cancelRequested" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "cleanedAt" TIMESTAMPTZ(3),
ADD COLUMN     "exclude" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "host" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "include" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "nextTryAt" TIMESTAMPTZ(3),
ADD COLUMN     "scheduleId" UUID,
ADD COLUMN     "seenAt" TIMESTAMPTZ(3),
ADD COLUMN     "sourceKind" "SourceKind" NOT NULL DEFAULT 'folder',
ADD COLUMN     "tries" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "waitingFor" TEXT;

-- AlterTable
ALTER TABLE "restore" ADD COLUMN     "attempt" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "cancelRequested" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "host" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "nextTryAt" TIMESTAMPTZ(3),
ADD COLUMN     "overwrite" TEXT,
ADD COLUMN     "paths" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "tries" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "waitingFor" TEXT;

-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "restoreRoots" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "sourceRoots" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "environment_check" (
    "id" BIGSERIAL NOT NULL,
    "environmentId" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "ok" BOOLEAN NOT NULL,
    "report" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdBy" TEXT NOT NULL,

    CONSTRAINT "environment_check_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "backup_part" (
    "backupId" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "length" BIGINT NOT NULL,

    CONSTRAINT "backup_part_pkey" PRIMARY KEY ("backupId","kind","index")
);

-- CreateTable
CREATE TABLE "backup_checkpoint" (
    "backupId" UUID NOT NULL,
    "segments" INTEGER NOT NULL,
    "sealed" BYTEA NOT NULL,

    CONSTRAINT "backup_checkpoint_pkey" PRIMARY KEY ("backupId","segments")
);

-- CreateTable
CREATE TABLE "backup_verification" (
    "id" UUID NOT NULL,
    "backupId" UUID NOT NULL,
    "depth" TEXT NOT NULL,
    "state" "JobState" NOT NULL DEFAULT 'queued',
    "error" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "problems" JSONB NOT NULL DEFAULT '[]',
    "problemCount" INTEGER NOT NULL DEFAULT 0,
    "objects" INTEGER,
    "bytes" BIGINT,
    "progress" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdBy" TEXT NOT NULL,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "backup_verification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "schedule" (
    "id" UUID NOT NULL,
    "environmentId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "include" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "exclude" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "every" TEXT NOT NULL,
    "weekday" INTEGER,
    "minute" INTEGER NOT NULL,
    "keep" INTEGER NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "nextRunAt" TIMESTAMPTZ(3) NOT NULL,
    "lastRunAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdBy" TEXT NOT NULL,

    CONSTRAINT "schedule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_token" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "start" TEXT NOT NULL,
    "scopes" TEXT[],
    "userId" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "api_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notice" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "link" TEXT,

    CONSTRAINT "notice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notice_seen" (
    "noticeId" BIGINT NOT NULL,
    "userId" TEXT NOT NULL,

    CONSTRAINT "notice_seen_pkey" PRIMARY KEY ("noticeId","userId")
);

-- CreateIndex
CREATE INDEX "environment_check_environmentId_id_idx" ON "environment_check"("environmentId", "id");

-- CreateIndex
CREATE INDEX "backup_verification_backupId_id_idx" ON "backup_verification"("backupId", "id");

-- CreateIndex
CREATE INDEX "backup_verification_state_idx" ON "backup_verification"("state");

-- CreateIndex
CREATE INDEX "schedule_enabled_nextRunAt_idx" ON "schedule"("enabled", "nextRunAt");

-- CreateIndex
CREATE UNIQUE INDEX "api_token_hash_key" ON "api_token"("hash");

-- CreateIndex
CREATE INDEX "api_token_userId_idx" ON "api_token"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "environment_externalId_key" ON "environment"("externalId");

-- DropIndex
DROP INDEX "backup_state_idx";

-- CreateIndex
CREATE INDEX "backup_state_id_idx" ON "backup"("state", "id");

-- CreateIndex
CREATE INDEX "backup_scheduleId_idx" ON "backup"("scheduleId");

-- AddForeignKey
ALTER TABLE "environment_check" ADD CONSTRAINT "environment_check_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "environment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup" ADD CONSTRAINT "backup_scheduleId_fkey" FOREIGN KEY ("scheduleId") REFERENCES "schedule"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup_part" ADD CONSTRAINT "backup_part_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "backup"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup_checkpoint" ADD CONSTRAINT "backup_checkpoint_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "backup"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "restore" ADD CONSTRAINT "restore_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "backup"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup_verification" ADD CONSTRAINT "backup_verification_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "backup"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "schedule" ADD CONSTRAINT "schedule_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "environment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_token" ADD CONSTRAINT "api_token_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notice_seen" ADD CONSTRAINT "notice_seen_noticeId_fkey" FOREIGN KEY ("noticeId") REFERENCES "notice"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notice_seen" ADD CONSTRAINT "notice_seen_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;


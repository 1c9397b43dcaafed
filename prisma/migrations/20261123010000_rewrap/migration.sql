-- CreateEnum
CREATE TYPE "RewrapState" AS ENUM ('queued', 'running', 'paused', 'waiting', 'complete', 'failed', 'cancelled');

-- CreateTable
CREATE TABLE "rewrap" (
    "id" UUID NOT NULL,
    "mode" TEXT NOT NULL,
    "from" TEXT,
    "to" TEXT,
    "toTyped" TEXT,
    "state" "RewrapState" NOT NULL DEFAULT 'queued',
    "wish" TEXT,
    "perSecond" INTEGER NOT NULL,
    "pace" INTEGER,
    "throttled" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "done" INTEGER NOT NULL DEFAULT 0,
    "exchanged" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "waitingFor" TEXT,
    "nextTryAt" TIMESTAMPTZ(3),
    "tries" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdBy" TEXT NOT NULL,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "rewrap_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rewrap_failure" (
    "rewrapId" UUID NOT NULL,
    "backupId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "fix" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rewrap_failure_pkey" PRIMARY KEY ("rewrapId","backupId")
);

-- CreateIndex
CREATE INDEX "rewrap_state_idx" ON "rewrap"("state");

-- AddForeignKey
ALTER TABLE "rewrap_failure" ADD CONSTRAINT "rewrap_failure_rewrapId_fkey" FOREIGN KEY ("rewrapId") REFERENCES "rewrap"("id") ON DELETE CASCADE ON UPDATE CASCADE;

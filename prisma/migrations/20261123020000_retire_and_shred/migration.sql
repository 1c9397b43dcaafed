ALTER TYPE "JobState" ADD VALUE 'shredding';
ALTER TYPE "JobState" ADD VALUE 'shredded';

-- CreateTable
CREATE TABLE "retire_proof" (
    "id" UUID NOT NULL,
    "keyArn" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "progress" JSONB,
    "safe" BOOLEAN,
    "report" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdBy" TEXT NOT NULL,
    "finishedAt" TIMESTAMPTZ(3),
    "deletion" TEXT,
    "deletionBy" TEXT,
    "deletionAt" TIMESTAMPTZ(3),

    CONSTRAINT "retire_proof_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "retire_version" (
    "proofId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "environmentId" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "region" TEXT NOT NULL,
    "bucket" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "versionId" TEXT NOT NULL,
    "modified" TIMESTAMPTZ(3) NOT NULL,
    "sha256" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'found',
    "cause" TEXT,

    CONSTRAINT "retire_version_pkey" PRIMARY KEY ("proofId","number")
);

-- CreateTable
CREATE TABLE "shred" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdBy" TEXT NOT NULL,
    "dueAt" TIMESTAMPTZ(3) NOT NULL,
    "undoneAt" TIMESTAMPTZ(3),
    "undoneBy" TEXT,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),
    "nextTryAt" TIMESTAMPTZ(3),
    "tries" INTEGER NOT NULL DEFAULT 0,
    "certificate" TEXT,
    "issue" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "shred_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "shred_item" (
    "shredId" UUID NOT NULL,
    "backupId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "bytes" BIGINT,
    "bytesStored" BIGINT,
    "backupAt" TIMESTAMPTZ(3) NOT NULL,
    "method" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "bucket" TEXT NOT NULL,
    "object" TEXT NOT NULL,
    "keyIds" TEXT[],
    "manifestSha256" TEXT,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "error" TEXT,
    "envelopes" JSONB NOT NULL DEFAULT '[]',
    "claimedAt" TIMESTAMPTZ(3),
    "emptyAt" TIMESTAMPTZ(3),
    "destroyedAt" TIMESTAMPTZ(3),

    CONSTRAINT "shred_item_pkey" PRIMARY KEY ("shredId","backupId")
);

-- CreateIndex
CREATE INDEX "retire_proof_keyArn_id_idx" ON "retire_proof"("keyArn", "id");

-- CreateIndex
CREATE INDEX "shred_state_dueAt_idx" ON "shred"("state", "dueAt");

-- CreateIndex
CREATE INDEX "shred_item_backupId_idx" ON "shred_item"("backupId");

-- AddForeignKey
ALTER TABLE "retire_version" ADD CONSTRAINT "retire_version_proofId_fkey" FOREIGN KEY ("proofId") REFERENCES "retire_proof"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "shred_item" ADD CONSTRAINT "shred_item_shredId_fkey" FOREIGN KEY ("shredId") REFERENCES "shred"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

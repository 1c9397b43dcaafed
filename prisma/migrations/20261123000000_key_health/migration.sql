-- The watch over KMS keys, what KMS was called for, and alerts.

-- CreateTable
CREATE TABLE "key_health" (
    "arn" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "diagnosis" JSONB,
    "deletionDate" TIMESTAMPTZ(3),
    "recent" TEXT NOT NULL DEFAULT '',
    "checkedAt" TIMESTAMPTZ(3),
    "tookMs" INTEGER,
    "nextCheckAt" TIMESTAMPTZ(3) NOT NULL,
    "encryptProvenAt" TIMESTAMPTZ(3),
    "decryptProvenAt" TIMESTAMPTZ(3),

    CONSTRAINT "key_health_pkey" PRIMARY KEY ("arn")
);

-- CreateTable
CREATE TABLE "key_health_hour" (
    "arn" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "worst" TEXT NOT NULL,
    "checks" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "slowestMs" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "key_health_hour_pkey" PRIMARY KEY ("arn","hour")
);

-- CreateTable
CREATE TABLE "key_event" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "arn" TEXT NOT NULL,
    "from" TEXT NOT NULL,
    "to" TEXT NOT NULL,
    "diagnosis" JSONB,
    "dependents" JSONB NOT NULL,

    CONSTRAINT "key_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "kms_calls" (
    "arn" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "purpose" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "requests" INTEGER NOT NULL,

    CONSTRAINT "kms_calls_pkey" PRIMARY KEY ("arn","day","purpose","operation")
);

-- CreateTable
CREATE TABLE "alert_settings" (
    "only" BOOLEAN NOT NULL DEFAULT true,
    "mail" JSONB,
    "webhook" JSONB,
    "publicUrl" TEXT NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedBy" TEXT NOT NULL,

    CONSTRAINT "alert_settings_pkey" PRIMARY KEY ("only")
);

-- CreateTable
CREATE TABLE "alert" (
    "id" BIGSERIAL NOT NULL,
    "arn" TEXT NOT NULL,
    "openFor" TEXT,
    "state" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "openedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closedAt" TIMESTAMPTZ(3),

    CONSTRAINT "alert_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_delivery" (
    "id" UUID NOT NULL,
    "alertId" BIGINT,
    "channel" TEXT NOT NULL,
    "message" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "tries" INTEGER NOT NULL DEFAULT 0,
    "nextTryAt" TIMESTAMPTZ(3),
    "lastError" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sentAt" TIMESTAMPTZ(3),

    CONSTRAINT "alert_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "key_health_nextCheckAt_idx" ON "key_health"("nextCheckAt");

-- CreateIndex
CREATE INDEX "key_health_state_idx" ON "key_health"("state");

-- CreateIndex
CREATE INDEX "key_health_hour_hour_idx" ON "key_health_hour"("hour");

-- CreateIndex
CREATE INDEX "key_event_arn_id_idx" ON "key_event"("arn", "id");

-- CreateIndex
CREATE INDEX "kms_calls_day_idx" ON "kms_calls"("day");

-- CreateIndex
CREATE UNIQUE INDEX "alert_openFor_key" ON "alert"("openFor");

-- CreateIndex
CREATE INDEX "alert_arn_id_idx" ON "alert"("arn", "id");

-- CreateIndex
CREATE INDEX "alert_delivery_state_nextTryAt_idx" ON "alert_delivery"("state", "nextTryAt");

-- CreateIndex
CREATE INDEX "alert_delivery_createdAt_idx" ON "alert_delivery"("createdAt");

-- AddForeignKey
ALTER TABLE "alert_delivery" ADD CONSTRAINT "alert_delivery_alertId_fkey" FOREIGN KEY ("alertId") REFERENCES "alert"("id") ON DELETE CASCADE ON UPDATE CASCADE;


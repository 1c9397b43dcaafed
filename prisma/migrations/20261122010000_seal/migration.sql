-- CreateTable
CREATE TABLE "root_key" (
    "id" TEXT NOT NULL,
    "number" SERIAL NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "root_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "root_key_wrap" (
    "rootKeyId" TEXT NOT NULL,
    "mechanism" TEXT NOT NULL,
    "keyId" TEXT NOT NULL,
    "ciphertext" BYTEA NOT NULL,
    "context" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "root_key_wrap_pkey" PRIMARY KEY ("rootKeyId","keyId")
);

-- CreateTable
CREATE TABLE "sealed_value" (
    "place" TEXT NOT NULL,
    "row" TEXT NOT NULL,
    "rootKeyId" TEXT NOT NULL,
    "ciphertext" BYTEA NOT NULL,

    CONSTRAINT "sealed_value_pkey" PRIMARY KEY ("place","row")
);

-- CreateIndex
CREATE UNIQUE INDEX "root_key_number_key" ON "root_key"("number");

-- CreateIndex
CREATE INDEX "sealed_value_rootKeyId_idx" ON "sealed_value"("rootKeyId");

-- AddForeignKey
ALTER TABLE "root_key_wrap" ADD CONSTRAINT "root_key_wrap_rootKeyId_fkey" FOREIGN KEY ("rootKeyId") REFERENCES "root_key"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sealed_value" ADD CONSTRAINT "sealed_value_rootKeyId_fkey" FOREIGN KEY ("rootKeyId") REFERENCES "root_key"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- CreateTable
CREATE TABLE "seal_event" (
    "id" SERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "healthy" BOOLEAN NOT NULL,
    "keyId" TEXT NOT NULL,
    "message" TEXT,

    CONSTRAINT "seal_event_pkey" PRIMARY KEY ("id")
);

-- AlterTable
ALTER TABLE "environment_revision" ADD COLUMN     "secretId" UUID;

-- An upload that is sent again with the same key is the same backup.
ALTER TABLE "backup" ADD COLUMN     "requestKey" BYTEA,
ADD COLUMN     "requestOf" BYTEA;

-- CreateIndex
CREATE UNIQUE INDEX "backup_requestKey_key" ON "backup"("requestKey");

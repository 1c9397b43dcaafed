-- What opens a backup, told in 32 bytes: which keys hold how many backups is counted in an index alone, however wide the
-- rows are. Not an index on the lists themselves, which an entry of one might not have room for. What turns a list into
-- text is not immutable for every type, as a generated column asks for; for text it is.
CREATE FUNCTION key_set(text[], text[]) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN sha256(convert_to(($1 || $2)::text, 'UTF8'));

ALTER TABLE "backup" ADD COLUMN "keySet" BYTEA GENERATED ALWAYS AS (key_set("keyIds", "nextKeyIds")) STORED;

-- CreateIndex
CREATE INDEX "backup_state_keySet_bytes_createdAt_idx" ON "backup"("state", "keySet", "bytes", "createdAt");

-- The backups of one key among very many. Not collected first and sorted in later: whoever looks would pay for that.
CREATE INDEX "backup_keyIds_nextKeyIds_idx" ON "backup" USING GIN ("keyIds", "nextKeyIds") WITH (fastupdate = off);

-- An index is read alone only where the vacuum has been: it comes after 2 % of change, not after 20 %.
ALTER TABLE "backup" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

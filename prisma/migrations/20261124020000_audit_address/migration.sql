-- Where the request came from that a row tells of. Rows of before have none, nor have those of workers and commands.
ALTER TABLE "audit_event" ADD COLUMN "address" TEXT;
CREATE INDEX "audit_event_address_id_idx" ON "audit_event"("address", "id");

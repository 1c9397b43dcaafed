-- What failed or was refused is rare, and what is looked for: without it, every row was read to find a page of them.
CREATE INDEX "audit_event_outcome_id_idx" ON "audit_event"("outcome", "id");

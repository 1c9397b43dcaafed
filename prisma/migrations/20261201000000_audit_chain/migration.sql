-- CreateTable
CREATE TABLE "audit_link" (
    "number" BIGINT NOT NULL,
    "eventId" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_link_pkey" PRIMARY KEY ("number")
);

-- CreateTable
CREATE TABLE "audit_head" (
    "number" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,
    "signedAt" TIMESTAMPTZ(3) NOT NULL,
    "signature" BYTEA NOT NULL,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("number")
);

-- What is hashed of an event: the text of a JSON array, which no setting of a session changes. lib/audit/chain.ts makes the
-- same from what it reads.
CREATE FUNCTION audit_link_hash(before bytea, number bigint, event "audit_event") RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(before || convert_to(jsonb_build_array(
    number, event."id", (to_jsonb(event."at" AT TIME ZONE 'UTC') #>> '{}') || 'Z', event."actor", event."address",
    event."action", event."outcome", event."subject", event."changes")::text, 'UTF8'))
$$;

-- Runs as its transaction commits, so that nobody waits for this lock with another one still to take. The head is read
-- after it: a statement of its own, which sees what was committed meanwhile.
CREATE FUNCTION link_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  newest "audit_link";
BEGIN
  PERFORM pg_advisory_xact_lock(5262048);
  SELECT * INTO newest FROM "audit_link" ORDER BY "number" DESC LIMIT 1;
  newest."number" := coalesce(newest."number", 0) + 1;
  INSERT INTO "audit_link" VALUES (
    newest."number", NEW."id",
    audit_link_hash(coalesce(newest."hash", decode(repeat('00', 32), 'hex')), newest."number", NEW));
  RETURN NULL;
END
$$;

-- Takes a lock under which nobody else adds events until all of this is committed.
CREATE CONSTRAINT TRIGGER audit_event_link
  AFTER INSERT ON "audit_event" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION link_audit_event();

-- Events from before the chain are its beginning.
DO $$
DECLARE
  event "audit_event";
  last bigint := 0;
  before bytea := decode(repeat('00', 32), 'hex');
BEGIN
  FOR event IN SELECT * FROM "audit_event" ORDER BY "id" LOOP
    last := last + 1;
    before := audit_link_hash(before, last, event);
    INSERT INTO "audit_link" VALUES (last, event."id", before);
  END LOOP;
END
$$;

CREATE UNIQUE INDEX "audit_link_eventId_key" ON "audit_link"("eventId");

CREATE TRIGGER audit_link_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_link"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_head_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_head"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

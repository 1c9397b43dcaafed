-- When somebody was last here. Until now that was known only while a session of theirs was.
ALTER TABLE "user" ADD COLUMN "lastSeenAt" TIMESTAMPTZ(3);
UPDATE "user" SET "lastSeenAt" = (SELECT max("updatedAt") FROM "session" WHERE "session"."userId" = "user"."id");

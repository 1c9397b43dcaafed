-- What a session began goes on after it has expired, until its person is signed out everywhere: then there is no row of
-- it any more that would tell.
ALTER TABLE "user" ADD COLUMN "signOuts" INTEGER NOT NULL DEFAULT 0;

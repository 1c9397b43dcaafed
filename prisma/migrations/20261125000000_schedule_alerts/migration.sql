-- Alerts are of schedules as well: `schedule:ID` beside the ARNs of keys.
ALTER TABLE "alert" RENAME COLUMN "arn" TO "subject";
ALTER INDEX "alert_arn_id_idx" RENAME TO "alert_subject_id_idx";
-- Why the last run of a schedule made no backup.
ALTER TABLE "schedule" ADD COLUMN "skipped" TEXT;

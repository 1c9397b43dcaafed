-- The whole address becomes a sealed value when the console starts: only then it can be sealed. Here stays where it leads.
UPDATE "alert_settings" SET "webhook" = "webhook" || jsonb_build_object('origin', substring("webhook"->>'url' FROM '^[a-z]+://[^/?#]*'))
WHERE jsonb_typeof("webhook") = 'object';

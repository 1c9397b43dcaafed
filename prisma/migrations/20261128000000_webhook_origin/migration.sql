-- The whole address becomes a sealed value when the console starts: only then it can be sealed. Here stays where it leads,
-- without the name and password that an address may hold.
UPDATE "alert_settings" SET "webhook" = "webhook" || jsonb_build_object('origin', regexp_replace("webhook"->>'url', '^([a-z]+://)([^/?#]*@)?([^/?#]*).*$', '\1\3'))
WHERE jsonb_typeof("webhook") = 'object';

-- What refers to another table is looked up for each row at the commit, and the row it refers to written anew: for each event.
-- Retention removes the keys of what it removes.
ALTER TABLE event_dedupe DROP CONSTRAINT event_dedupe_event_id_fkey;
DROP INDEX event_dedupe_event;

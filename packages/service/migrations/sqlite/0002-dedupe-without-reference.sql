-- What refers to another table is looked up for each row, and wants an index of its own: for each event.
-- Retention removes the keys of what it removes.
CREATE TABLE event_dedupe_next (
  key TEXT PRIMARY KEY,
  event_id TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO event_dedupe_next (key, event_id, until) SELECT key, event_id, until FROM event_dedupe;
DROP TABLE event_dedupe;
ALTER TABLE event_dedupe_next RENAME TO event_dedupe;
CREATE INDEX event_dedupe_until ON event_dedupe (until);

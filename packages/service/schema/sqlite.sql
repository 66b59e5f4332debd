CREATE TABLE "event_dedupe" (
  key TEXT PRIMARY KEY,
  event_id TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX event_dedupe_until ON event_dedupe (until);

CREATE TABLE event_head (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  position INTEGER NOT NULL,
  link INTEGER NOT NULL,
  hash TEXT NOT NULL,
  trimmed_link INTEGER NOT NULL,
  trimmed_hash TEXT NOT NULL
) STRICT;

CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  -- Milliseconds since 1970.
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  -- 0 critical, 1 high, 2 medium, 3 low, 4 info.
  severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  subject TEXT NOT NULL,
  source TEXT NOT NULL,
  actor TEXT,
  -- JSON as it was reported, in the audit trail canonical, as it was hashed.
  data TEXT,
  dedupe_key TEXT,
  -- Of the audit trail: its number in the chain, and the hash over it and the one before.
  link INTEGER,
  hash TEXT,
  CHECK ((link IS NULL) = (hash IS NULL))
) STRICT;

CREATE INDEX events_audit ON events (time) WHERE link IS NOT NULL;

CREATE UNIQUE INDEX events_link ON events (link) WHERE link IS NOT NULL;

CREATE INDEX events_severity ON events (severity, time);

CREATE INDEX events_subject ON events (subject, time, type, severity);

CREATE INDEX events_time ON events (time);

CREATE INDEX events_type ON events (type, severity, time);

CREATE TABLE schema_migrations (
  package TEXT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  applied_at BIGINT NOT NULL,
  PRIMARY KEY (package, number)
);

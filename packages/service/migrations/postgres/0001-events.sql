-- What happened. `position` is the order of the commits, without a gap: who has read up to one has missed nothing.
CREATE TABLE events (
  position bigint PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  -- Milliseconds since 1970.
  time bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  -- 0 critical, 1 high, 2 medium, 3 low, 4 info.
  severity smallint NOT NULL CHECK (severity BETWEEN 0 AND 4),
  subject text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  actor text COLLATE "C",
  -- JSON as it was reported, in the audit trail canonical, as it was hashed: jsonb would lose both.
  data text COLLATE "C",
  dedupe_key text COLLATE "C",
  -- Of the audit trail: its number in the chain, and the hash over it and the one before.
  link bigint,
  hash text COLLATE "C",
  CHECK ((link IS NULL) = (hash IS NULL))
);

CREATE INDEX events_time ON events (time, position);
CREATE INDEX events_type ON events (type, severity, time, position);
CREATE INDEX events_severity ON events (severity, time, position);
-- Type and severity, so that a search of one subject's events need not look at the rows.
CREATE INDEX events_subject ON events (subject, time, position) INCLUDE (type, severity);
CREATE UNIQUE INDEX events_link ON events (link) WHERE link IS NOT NULL;
CREATE INDEX events_audit ON events (time, position) WHERE link IS NOT NULL;

-- One row: where the log and the chain end, and up to which link the chain was trimmed. Whoever adds events locks it until
-- the commit; the fill factor leaves room for its many versions on one page.
CREATE TABLE event_head (
  only_row smallint PRIMARY KEY CHECK (only_row = 1),
  position bigint NOT NULL,
  link bigint NOT NULL,
  hash text COLLATE "C" NOT NULL,
  trimmed_link bigint NOT NULL,
  trimmed_hash text COLLATE "C" NOT NULL
) WITH (fillfactor = 10);
INSERT INTO event_head (only_row, position, link, hash, trimmed_link, trimmed_hash) VALUES (1, 0, 0, '', 0, '');

-- The event that has a dedupe key, until it may be used again.
CREATE TABLE event_dedupe (
  key text COLLATE "C" PRIMARY KEY,
  event_id text COLLATE "C" NOT NULL REFERENCES events (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  until bigint NOT NULL
);
CREATE INDEX event_dedupe_event ON event_dedupe (event_id);
CREATE INDEX event_dedupe_until ON event_dedupe (until);

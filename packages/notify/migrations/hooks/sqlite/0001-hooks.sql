-- What a device sent beyond its limit, until it is told as one event.
CREATE TABLE hook_digests (
  source TEXT NOT NULL,
  -- Empty for a source whose senders are not told apart.
  device TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  opened_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  -- Of the gravest: 0 critical, 1 high, 2 medium, 3 low, 4 info.
  severity INTEGER NOT NULL,
  request_count INTEGER NOT NULL,
  -- JSON: how many of each type, and the newest of the requests.
  content TEXT NOT NULL,
  PRIMARY KEY (source, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX hook_digests_due ON hook_digests (due_at);

-- The requests in digests: one that comes again is known. The log knows those that became events of their own.
CREATE TABLE hook_gathered (
  key TEXT PRIMARY KEY,
  digest_id TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hook_gathered_until ON hook_gathered (until);

-- When a sender was last heard, of sources that are expected to be heard.
CREATE TABLE hook_sightings (
  source TEXT NOT NULL,
  device TEXT NOT NULL,
  last_seen INTEGER NOT NULL,
  -- For so long since then nobody listened.
  excused_ms INTEGER NOT NULL DEFAULT 0,
  silent_since INTEGER,
  PRIMARY KEY (source, device)
) STRICT, WITHOUT ROWID;

-- One row: when a node last listened.
CREATE TABLE hook_listening (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  last_at INTEGER NOT NULL
) STRICT;

-- Requests that were refused, without their secrets: the newest of each source.
CREATE TABLE hook_rejected (
  id TEXT PRIMARY KEY,
  time INTEGER NOT NULL,
  source TEXT NOT NULL,
  address TEXT NOT NULL,
  status_code INTEGER NOT NULL,
  reason TEXT NOT NULL,
  -- JSON.
  headers TEXT NOT NULL,
  body TEXT NOT NULL,
  body_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hook_rejected_source ON hook_rejected (source, id);

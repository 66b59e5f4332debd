-- What a device sent beyond its limit, until it is told as one event.
CREATE TABLE hook_digests (
  source text COLLATE "C" NOT NULL,
  -- Empty for a source whose senders are not told apart.
  device text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL UNIQUE,
  opened_at bigint NOT NULL,
  due_at bigint NOT NULL,
  -- Of the gravest: 0 critical, 1 high, 2 medium, 3 low, 4 info.
  severity smallint NOT NULL,
  request_count integer NOT NULL,
  -- JSON: how many of each type, and the newest of the requests.
  content text COLLATE "C" NOT NULL,
  PRIMARY KEY (source, device)
);
CREATE INDEX hook_digests_due ON hook_digests (due_at);

-- The requests in digests: one that comes again is known. The log knows those that became events of their own.
CREATE TABLE hook_gathered (
  key text COLLATE "C" PRIMARY KEY,
  digest_id text COLLATE "C" NOT NULL,
  until bigint NOT NULL
);
CREATE INDEX hook_gathered_until ON hook_gathered (until);

-- When a sender was last heard, of sources that are expected to be heard.
CREATE TABLE hook_sightings (
  source text COLLATE "C" NOT NULL,
  device text COLLATE "C" NOT NULL,
  last_seen bigint NOT NULL,
  -- For so long since then nobody listened.
  excused_ms bigint NOT NULL DEFAULT 0,
  silent_since bigint,
  PRIMARY KEY (source, device)
);

-- One row: when a node last listened.
CREATE TABLE hook_listening (
  only_row smallint PRIMARY KEY CHECK (only_row = 1),
  last_at bigint NOT NULL
);

-- Requests that were refused, without their secrets: the newest of each source.
CREATE TABLE hook_rejected (
  id text COLLATE "C" PRIMARY KEY,
  time bigint NOT NULL,
  source text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  status_code integer NOT NULL,
  reason text COLLATE "C" NOT NULL,
  -- JSON.
  headers text COLLATE "C" NOT NULL,
  body text COLLATE "C" NOT NULL,
  body_bytes integer NOT NULL
);
CREATE INDEX hook_rejected_source ON hook_rejected (source, id);

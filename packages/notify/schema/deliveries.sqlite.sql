CREATE TABLE channel_states (
  channel TEXT PRIMARY KEY,
  -- The first of the failures that no success has ended.
  failing_since INTEGER,
  paused_until INTEGER,
  -- Pauses that no success has ended.
  pauses INTEGER NOT NULL DEFAULT 0,
  disabled_at INTEGER,
  disabled_reason TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  route TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'dead', 'expired')),
  -- Of its gravest event: 0 critical, 1 high, 2 medium, 3 low, 4 info.
  severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  event_count INTEGER NOT NULL,
  -- While it is set, the delivery waits for further events of its group, digest or quiet hours.
  hold_key TEXT,
  -- What the message says beside its events.
  note TEXT,
  created_at INTEGER NOT NULL,
  -- From when on it counts as late: the acceptance of its event, or the end of a wait that was asked for.
  expected_at INTEGER NOT NULL,
  -- Of a pending one: not before. Of one that is being sent: the end of the lease.
  due_at INTEGER NOT NULL,
  -- Nobody wants to hear of it after that.
  expires_at INTEGER,
  -- Attempts that were begun, and how many of them were before it was last replayed.
  attempt INTEGER NOT NULL DEFAULT 0,
  attempts_before INTEGER NOT NULL DEFAULT 0,
  -- Who sends it.
  lease_owner TEXT,
  -- Why the last attempt failed.
  reason TEXT,
  finished_at INTEGER,
  CHECK ((state = 'sending') = (lease_owner IS NOT NULL)),
  CHECK ((state IN ('pending', 'sending')) = (finished_at IS NULL)),
  CHECK (hold_key IS NULL OR state = 'pending')
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'pending';

CREATE INDEX deliveries_finished ON deliveries (state, finished_at, id) WHERE finished_at IS NOT NULL;

CREATE UNIQUE INDEX deliveries_hold ON deliveries (hold_key) WHERE hold_key IS NOT NULL;

CREATE INDEX deliveries_pending ON deliveries (channel, severity, due_at) WHERE state = 'pending';

CREATE INDEX deliveries_sending ON deliveries (due_at) WHERE state = 'sending';

CREATE TABLE delivery_events (
  delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  incident_id TEXT,
  PRIMARY KEY (delivery_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_events_event ON delivery_events (event_id);

CREATE INDEX delivery_events_incident ON delivery_events (incident_id) WHERE incident_id IS NOT NULL;

CREATE TABLE delivery_failures (
  delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  time INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (delivery_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE escalations (
  incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  route TEXT NOT NULL,
  step INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  fired_at INTEGER,
  PRIMARY KEY (incident_id, route, step)
) STRICT, WITHOUT ROWID;

CREATE INDEX escalations_due ON escalations (due_at) WHERE fired_at IS NULL;

CREATE TABLE incidents (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  -- Whether an event will say that it is over.
  resolves INTEGER NOT NULL CHECK (resolves IN (0, 1)),
  subject TEXT NOT NULL,
  severity INTEGER NOT NULL,
  first_event TEXT NOT NULL,
  last_event TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  -- Whoever has it may acknowledge.
  token TEXT NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by TEXT,
  closed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;

CREATE UNIQUE INDEX incidents_open ON incidents (key) WHERE closed_at IS NULL;

CREATE TABLE route_dedupe (
  route TEXT NOT NULL,
  key TEXT NOT NULL,
  severity INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (route, key, severity)
) STRICT, WITHOUT ROWID;

CREATE INDEX route_dedupe_key ON route_dedupe (key);

CREATE INDEX route_dedupe_until ON route_dedupe (until);

CREATE TABLE routing (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  position INTEGER NOT NULL
) STRICT;

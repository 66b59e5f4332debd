-- The position of the last event that was routed. Its one row is locked by the node that routes.
CREATE TABLE routing (
  only_row integer PRIMARY KEY CHECK (only_row = 1),
  position bigint NOT NULL
);
-- What happened before there was anybody to tell is not told.
INSERT INTO routing (only_row, position) SELECT 1, position FROM event_head;

-- One message on its way to one channel.
CREATE TABLE deliveries (
  id text COLLATE "C" PRIMARY KEY,
  channel text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'dead', 'expired')),
  -- Of its gravest event: 0 critical, 1 high, 2 medium, 3 low, 4 info.
  severity integer NOT NULL CHECK (severity BETWEEN 0 AND 4),
  event_count integer NOT NULL,
  -- While it is set, the delivery waits for further events of its group, digest or quiet hours.
  hold_key text COLLATE "C",
  -- What the message says beside its events.
  note text COLLATE "C",
  created_at bigint NOT NULL,
  -- From when on it counts as late: the acceptance of its event, or the end of a wait that was asked for.
  expected_at bigint NOT NULL,
  -- Of a pending one: not before. Of one that is being sent: the end of the lease.
  due_at bigint NOT NULL,
  -- Nobody wants to hear of it after that.
  expires_at bigint,
  -- Attempts that were begun, and how many of them were before it was last replayed.
  attempt integer NOT NULL DEFAULT 0,
  attempts_before integer NOT NULL DEFAULT 0,
  -- Who sends it.
  lease_owner text COLLATE "C",
  -- Why the last attempt failed.
  reason text COLLATE "C",
  finished_at bigint,
  CHECK ((state = 'sending') = (lease_owner IS NOT NULL)),
  CHECK ((state IN ('pending', 'sending')) = (finished_at IS NULL)),
  CHECK (hold_key IS NULL OR state = 'pending')
);
CREATE INDEX deliveries_pending ON deliveries (channel, severity, due_at) WHERE state = 'pending';
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'pending';
CREATE INDEX deliveries_sending ON deliveries (due_at) WHERE state = 'sending';
CREATE UNIQUE INDEX deliveries_hold ON deliveries (hold_key) WHERE hold_key IS NOT NULL;
CREATE INDEX deliveries_finished ON deliveries (state, finished_at, id) WHERE finished_at IS NOT NULL;

-- What a delivery is about, in the order of the log. The events are the log's, and may be removed there before it.
CREATE TABLE delivery_events (
  delivery_id text COLLATE "C" NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  ordinal integer NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  incident_id text COLLATE "C",
  PRIMARY KEY (delivery_id, ordinal)
);
CREATE INDEX delivery_events_event ON delivery_events (event_id);
CREATE INDEX delivery_events_incident ON delivery_events (incident_id) WHERE incident_id IS NOT NULL;

-- Attempts that did not deliver.
CREATE TABLE delivery_failures (
  delivery_id text COLLATE "C" NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  attempt integer NOT NULL,
  time bigint NOT NULL,
  reason text COLLATE "C" NOT NULL,
  PRIMARY KEY (delivery_id, attempt)
);

-- What all nodes know of a channel that gives trouble.
CREATE TABLE channel_states (
  channel text COLLATE "C" PRIMARY KEY,
  -- The first of the failures that no success has ended.
  failing_since bigint,
  paused_until bigint,
  -- Pauses that no success has ended.
  pauses integer NOT NULL DEFAULT 0,
  disabled_at bigint,
  disabled_reason text COLLATE "C"
);

-- Something that is the matter, from the first event that says so until it is over.
CREATE TABLE incidents (
  id text COLLATE "C" PRIMARY KEY,
  key text COLLATE "C" NOT NULL,
  -- Whether an event will say that it is over.
  resolves integer NOT NULL CHECK (resolves IN (0, 1)),
  subject text COLLATE "C" NOT NULL,
  severity integer NOT NULL,
  first_event text COLLATE "C" NOT NULL,
  last_event text COLLATE "C" NOT NULL,
  opened_at bigint NOT NULL,
  last_at bigint NOT NULL,
  -- Whoever has it may acknowledge.
  token text COLLATE "C" NOT NULL,
  acknowledged_at bigint,
  acknowledged_by text COLLATE "C",
  closed_at bigint
);
CREATE UNIQUE INDEX incidents_open ON incidents (key) WHERE closed_at IS NULL;
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;

-- Whom to tell next while nobody acknowledges.
CREATE TABLE escalations (
  incident_id text COLLATE "C" NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  route text COLLATE "C" NOT NULL,
  step integer NOT NULL,
  due_at bigint NOT NULL,
  fired_at bigint,
  PRIMARY KEY (incident_id, route, step)
);
CREATE INDEX escalations_due ON escalations (due_at) WHERE fired_at IS NULL;

-- What a route has told, until it may tell it again.
CREATE TABLE route_dedupe (
  route text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  severity integer NOT NULL,
  until bigint NOT NULL,
  PRIMARY KEY (route, key, severity)
);
CREATE INDEX route_dedupe_key ON route_dedupe (key);
CREATE INDEX route_dedupe_until ON route_dedupe (until);

-- What somebody asked for at once. The audit trail is in `events`; this is what history and undo need.
CREATE TABLE change_sets (
  id TEXT PRIMARY KEY,
  cluster TEXT NOT NULL,
  title TEXT NOT NULL,
  actor TEXT NOT NULL,
  address TEXT NOT NULL,
  request_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- When something was last heard of it: it is being applied, or whoever did has ended without a word.
  active_at INTEGER NOT NULL,
  ended_at INTEGER,
  applied INTEGER NOT NULL DEFAULT 0,
  conflict INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  in_doubt INTEGER NOT NULL DEFAULT 0,
  not_tried INTEGER NOT NULL DEFAULT 0,
  -- The change set that this one undoes, and the one that undid this one.
  undo_of TEXT,
  undone_by TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX change_sets_cluster ON change_sets (cluster, id);
CREATE INDEX change_sets_actor ON change_sets (cluster, actor, id);
CREATE INDEX change_sets_open ON change_sets (active_at) WHERE ended_at IS NULL;

-- The changes of a set, in order. A row is there before the change is sent.
CREATE TABLE change_steps (
  set_id TEXT NOT NULL REFERENCES change_sets (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  cluster TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('add', 'modify', 'modifyDn', 'delete', 'password')),
  dn TEXT NOT NULL,
  -- The name after a rename.
  new_dn TEXT,
  -- SHA-256 of the names as they are compared: of any length they can be.
  dn_hash TEXT NOT NULL,
  new_dn_hash TEXT,
  status TEXT NOT NULL CHECK (status IN ('open', 'applied', 'conflict', 'failed', 'in_doubt', 'not_tried')),
  settled_at INTEGER,
  node TEXT,
  -- Of the entry after the change.
  version TEXT,
  -- The event of the audit trail.
  event_id TEXT,
  -- What it takes to undo it, encrypted.
  undo BLOB,
  PRIMARY KEY (set_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_steps_dn ON change_steps (cluster, dn_hash, set_id);
CREATE INDEX change_steps_new_dn ON change_steps (cluster, new_dn_hash, set_id) WHERE new_dn_hash IS NOT NULL;
CREATE INDEX change_steps_open ON change_steps (set_id) WHERE status = 'open';

-- What somebody asked for at once. The audit trail is in `events`; this is what history and undo need.
CREATE TABLE change_sets (
  id text COLLATE "C" PRIMARY KEY,
  cluster text COLLATE "C" NOT NULL,
  title text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  -- When something was last heard of it: it is being applied, or whoever did has ended without a word.
  active_at bigint NOT NULL,
  ended_at bigint,
  applied integer NOT NULL DEFAULT 0,
  conflict integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  in_doubt integer NOT NULL DEFAULT 0,
  not_tried integer NOT NULL DEFAULT 0,
  -- The change set that this one undoes, and the one that undid this one.
  undo_of text COLLATE "C",
  undone_by text COLLATE "C"
);
CREATE INDEX change_sets_cluster ON change_sets (cluster, id);
CREATE INDEX change_sets_actor ON change_sets (cluster, actor, id);
CREATE INDEX change_sets_open ON change_sets (active_at) WHERE ended_at IS NULL;

-- The changes of a set, in order. A row is there before the change is sent.
CREATE TABLE change_steps (
  set_id text COLLATE "C" NOT NULL REFERENCES change_sets (id) ON DELETE CASCADE,
  number integer NOT NULL,
  cluster text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL CHECK (type IN ('add', 'modify', 'modifyDn', 'delete', 'password')),
  dn text COLLATE "C" NOT NULL,
  -- The name after a rename.
  new_dn text COLLATE "C",
  -- SHA-256 of the names as they are compared: of any length they can be.
  dn_hash text COLLATE "C" NOT NULL,
  new_dn_hash text COLLATE "C",
  status text COLLATE "C" NOT NULL CHECK (status IN ('open', 'applied', 'conflict', 'failed', 'in_doubt', 'not_tried')),
  settled_at bigint,
  node text COLLATE "C",
  -- Of the entry after the change.
  version text COLLATE "C",
  -- The event of the audit trail.
  event_id text COLLATE "C",
  -- What it takes to undo it, encrypted.
  undo bytea,
  PRIMARY KEY (set_id, number)
);
CREATE INDEX change_steps_dn ON change_steps (cluster, dn_hash, set_id);
CREATE INDEX change_steps_new_dn ON change_steps (cluster, new_dn_hash, set_id) WHERE new_dn_hash IS NOT NULL;
CREATE INDEX change_steps_open ON change_steps (set_id) WHERE status = 'open';

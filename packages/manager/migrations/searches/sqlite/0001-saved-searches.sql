-- Searches that people keep.
CREATE TABLE saved_searches (
  id TEXT PRIMARY KEY,
  cluster TEXT NOT NULL,
  -- Who the directory takes its owner for, normalized, and what the owner signed in as: a service account has many people.
  owner_dn TEXT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON: base, scope, filter, attributes.
  query TEXT NOT NULL,
  is_shared INTEGER NOT NULL CHECK (is_shared IN (0, 1)),
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX saved_searches_cluster ON saved_searches (cluster, owner_dn, owner);
CREATE INDEX saved_searches_shared ON saved_searches (cluster) WHERE is_shared = 1;

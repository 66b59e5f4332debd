-- The lag of nodes over time, and what was last reported of it.
CREATE TABLE replication_rounds (
  cluster TEXT NOT NULL,
  -- Milliseconds since 1970, on the grid of the interval: of the managers of one store the first notes a round.
  at INTEGER NOT NULL,
  PRIMARY KEY (cluster, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE replication_samples (
  cluster TEXT NOT NULL,
  at INTEGER NOT NULL,
  node TEXT NOT NULL,
  -- Empty where no server id is known.
  server_id TEXT NOT NULL,
  -- NULL: not known.
  lag_ms INTEGER,
  PRIMARY KEY (cluster, at, node, server_id)
) STRICT, WITHOUT ROWID;
-- Of what is as it should be there is no row.
CREATE TABLE replication_troubles (
  cluster TEXT NOT NULL,
  subject TEXT NOT NULL,
  -- Who says so.
  node TEXT NOT NULL,
  -- Reported; or seen once, and reported if it is seen again.
  state TEXT NOT NULL CHECK (state IN ('suspected', 'reported')),
  since INTEGER NOT NULL,
  PRIMARY KEY (cluster, subject)
) STRICT, WITHOUT ROWID;

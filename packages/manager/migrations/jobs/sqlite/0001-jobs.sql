-- Work that goes on after the request that asked for it: imports.
CREATE TABLE manager_jobs (
  -- UUID version 7: in the order of their making.
  id TEXT PRIMARY KEY,
  cluster TEXT NOT NULL,
  -- The session's name: who asked.
  person TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL,
  -- JSON: how it was asked for.
  options TEXT NOT NULL,
  -- JSON: how far it is.
  progress TEXT NOT NULL,
  change_set TEXT,
  -- Why it ended before its end.
  message TEXT,
  error_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  -- When the process that does it last said so. One that has not for a while has ended.
  seen_at INTEGER NOT NULL,
  -- Somebody asked for its end, perhaps on another node.
  cancel_by TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX manager_jobs_active ON manager_jobs (cluster, person) WHERE state IN ('queued', 'running');

-- The first errors of a job.
CREATE TABLE manager_job_errors (
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  line INTEGER NOT NULL,
  dn TEXT,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;

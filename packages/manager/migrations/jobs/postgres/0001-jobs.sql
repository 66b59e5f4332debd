-- Work that goes on after the request that asked for it: imports.
CREATE TABLE manager_jobs (
  -- UUID version 7: in the order of their making.
  id text COLLATE "C" PRIMARY KEY,
  cluster text COLLATE "C" NOT NULL,
  -- The session's name: who asked.
  person text COLLATE "C" NOT NULL,
  title text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  -- JSON: how it was asked for.
  options text COLLATE "C" NOT NULL,
  -- JSON: how far it is.
  progress text COLLATE "C" NOT NULL,
  change_set text COLLATE "C",
  -- Why it ended before its end.
  message text COLLATE "C",
  error_count integer NOT NULL,
  created_at bigint NOT NULL,
  started_at bigint,
  finished_at bigint,
  -- When the process that does it last said so. One that has not for a while has ended.
  seen_at bigint NOT NULL,
  -- Somebody asked for its end, perhaps on another node.
  cancel_by text COLLATE "C"
);
CREATE UNIQUE INDEX manager_jobs_active ON manager_jobs (cluster, person) WHERE state IN ('queued', 'running');

-- The first errors of a job.
CREATE TABLE manager_job_errors (
  job text COLLATE "C" NOT NULL,
  number integer NOT NULL,
  line integer NOT NULL,
  dn text COLLATE "C",
  code text COLLATE "C" NOT NULL,
  message text COLLATE "C" NOT NULL,
  PRIMARY KEY (job, number)
);

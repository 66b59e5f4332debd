-- An event that waits for a person's yes or no.
CREATE TABLE approvals (
  id TEXT PRIMARY KEY,
  -- As it was asked for, and as users are compared.
  username TEXT NOT NULL,
  user_key TEXT NOT NULL,
  realm TEXT NOT NULL,
  service TEXT NOT NULL,
  address TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'unavailable')),
  requested_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decided_at INTEGER,
  -- The channel whose link decided it.
  decided_by TEXT,
  -- Somebody who asked has had the yes; it admits nobody who asks later.
  taken_at INTEGER,
  -- Its person said that it was somebody else: at once, or after it was over.
  not_me_at INTEGER,
  -- Attempts that share it.
  attempts INTEGER NOT NULL DEFAULT 1,
  -- The event that asks. Null only within the transaction that makes both.
  event_id TEXT,
  -- What the tokens of its links are made of.
  link_key BLOB NOT NULL,
  CHECK ((state = 'pending') = (decided_at IS NULL))
) STRICT, WITHOUT ROWID;
-- A user has one at a time, however many nodes ask.
CREATE UNIQUE INDEX approvals_open ON approvals (user_key, realm) WHERE state = 'pending';
CREATE INDEX approvals_user ON approvals (user_key, realm, requested_at);
CREATE INDEX approvals_age ON approvals (requested_at);

-- Users that were asked for. The row of one is locked by who asks or decides, and says whether the user is left alone.
CREATE TABLE approval_users (
  user_key TEXT NOT NULL,
  realm TEXT NOT NULL,
  locked_until INTEGER,
  lock_reason TEXT,
  PRIMARY KEY (user_key, realm),
  CHECK ((locked_until IS NULL) = (lock_reason IS NULL))
) STRICT, WITHOUT ROWID;

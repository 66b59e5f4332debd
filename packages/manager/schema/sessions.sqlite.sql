CREATE TABLE manager_connections (
  session_id TEXT NOT NULL REFERENCES manager_sessions ON DELETE CASCADE,
  cluster TEXT NOT NULL,
  dn TEXT NOT NULL,
  -- self: with the password in secret. proxied: through bind_dn (RFC 4370). service: as bind_dn. shared: as bind_dn, with the shared password.
  acts_as TEXT NOT NULL CHECK (acts_as IN ('self', 'proxied', 'service', 'shared')),
  -- Another one for each secret.
  generation TEXT NOT NULL,
  -- The password, encrypted with a key that is made of the key file's and the session's token.
  secret BLOB,
  -- What the directory said of the password, in JSON.
  password_notes TEXT,
  -- Those of the groups in the configuration that the person is in, in JSON; which groups these were; and when.
  member_of TEXT NOT NULL,
  asked_groups TEXT NOT NULL,
  member_of_read_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, cluster)
) STRICT, WITHOUT ROWID;

CREATE TABLE manager_recovery_codes (
  person TEXT NOT NULL REFERENCES manager_second_factors ON DELETE CASCADE,
  digest BLOB NOT NULL,
  PRIMARY KEY (person, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE manager_second_factors (
  person TEXT PRIMARY KEY,
  cluster TEXT NOT NULL,
  dn TEXT NOT NULL,
  secret BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  -- Null until the person has shown that the app has it.
  confirmed_at INTEGER,
  -- The time step of the last code that was taken: neither it nor one before it is taken again.
  last_step INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE manager_sessions (
  id TEXT PRIMARY KEY,
  -- SHA-256 of the token that opens it; the token itself is nowhere.
  token_hash BLOB NOT NULL UNIQUE,
  -- A digest of the cluster and DN that the person proved to be.
  person TEXT NOT NULL,
  home_cluster TEXT NOT NULL,
  dn TEXT NOT NULL,
  method TEXT NOT NULL CHECK (method IN ('password', 'oidc')),
  -- Of the second factor. wanted: it is enrolled, and was not asked for yet.
  factor TEXT NOT NULL CHECK (factor IN ('none', 'wanted', 'given')),
  address TEXT NOT NULL,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  -- Within a minute or so.
  used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX manager_sessions_expiry ON manager_sessions (expires_at);

CREATE INDEX manager_sessions_person ON manager_sessions (person, created_at);

CREATE INDEX manager_sessions_used ON manager_sessions (used_at);

CREATE TABLE manager_shared_passwords (
  cluster TEXT PRIMARY KEY,
  generation TEXT NOT NULL,
  secret BLOB NOT NULL,
  given_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

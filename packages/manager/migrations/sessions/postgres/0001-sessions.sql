-- Somebody who has signed in.
CREATE TABLE manager_sessions (
  id text COLLATE "C" PRIMARY KEY,
  -- SHA-256 of the token that opens it; the token itself is nowhere.
  token_hash bytea NOT NULL UNIQUE,
  -- A digest of the cluster and DN that the person proved to be.
  person text COLLATE "C" NOT NULL,
  home_cluster text COLLATE "C" NOT NULL,
  dn text COLLATE "C" NOT NULL,
  method text COLLATE "C" NOT NULL CHECK (method IN ('password', 'oidc')),
  -- Of the second factor. wanted: it is enrolled, and was not asked for yet.
  factor text COLLATE "C" NOT NULL CHECK (factor IN ('none', 'wanted', 'given')),
  address text COLLATE "C" NOT NULL,
  user_agent text COLLATE "C",
  created_at bigint NOT NULL,
  -- Within a minute or so.
  used_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX manager_sessions_person ON manager_sessions (person, created_at);
CREATE INDEX manager_sessions_used ON manager_sessions (used_at);
CREATE INDEX manager_sessions_expiry ON manager_sessions (expires_at);

-- A cluster that a session is connected to, and as whom.
CREATE TABLE manager_connections (
  session_id text COLLATE "C" NOT NULL REFERENCES manager_sessions ON DELETE CASCADE,
  cluster text COLLATE "C" NOT NULL,
  dn text COLLATE "C" NOT NULL,
  -- self: with the password in secret. proxied: through bind_dn (RFC 4370). service: as bind_dn. shared: as bind_dn, with the shared password.
  acts_as text COLLATE "C" NOT NULL CHECK (acts_as IN ('self', 'proxied', 'service', 'shared')),
  -- Another one for each secret.
  generation text COLLATE "C" NOT NULL,
  -- The password, encrypted with a key that is made of the key file's and the session's token.
  secret bytea,
  -- What the directory said of the password, in JSON.
  password_notes text COLLATE "C",
  -- Those of the groups in the configuration that the person is in, in JSON; which groups these were; and when.
  member_of text COLLATE "C" NOT NULL,
  asked_groups text COLLATE "C" NOT NULL,
  member_of_read_at bigint NOT NULL,
  PRIMARY KEY (session_id, cluster)
);

-- The password of a cluster's bind_dn, which people of the roles of its shared_login have given.
CREATE TABLE manager_shared_passwords (
  cluster text COLLATE "C" PRIMARY KEY,
  generation text COLLATE "C" NOT NULL,
  secret bytea NOT NULL,
  given_by text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL
);

-- A person's second factor.
CREATE TABLE manager_second_factors (
  person text COLLATE "C" PRIMARY KEY,
  cluster text COLLATE "C" NOT NULL,
  dn text COLLATE "C" NOT NULL,
  secret bytea NOT NULL,
  created_at bigint NOT NULL,
  -- Null until the person has shown that the app has it.
  confirmed_at bigint,
  -- The time step of the last code that was taken: neither it nor one before it is taken again.
  last_step bigint NOT NULL,
  failures integer NOT NULL,
  locked_until bigint NOT NULL
);
CREATE TABLE manager_recovery_codes (
  person text COLLATE "C" NOT NULL REFERENCES manager_second_factors ON DELETE CASCADE,
  digest bytea NOT NULL,
  PRIMARY KEY (person, digest)
);

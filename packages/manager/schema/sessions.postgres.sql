CREATE TABLE public.manager_connections (
    session_id text NOT NULL COLLATE pg_catalog."C",
    cluster text NOT NULL COLLATE pg_catalog."C",
    dn text NOT NULL COLLATE pg_catalog."C",
    acts_as text NOT NULL COLLATE pg_catalog."C",
    generation text NOT NULL COLLATE pg_catalog."C",
    secret bytea,
    password_notes text COLLATE pg_catalog."C",
    member_of text NOT NULL COLLATE pg_catalog."C",
    asked_groups text NOT NULL COLLATE pg_catalog."C",
    member_of_read_at bigint NOT NULL,
    CONSTRAINT manager_connections_acts_as_check CHECK ((acts_as = ANY (ARRAY['self'::text, 'proxied'::text, 'service'::text, 'shared'::text])))
);

CREATE TABLE public.manager_recovery_codes (
    person text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL
);

CREATE TABLE public.manager_second_factors (
    person text NOT NULL COLLATE pg_catalog."C",
    cluster text NOT NULL COLLATE pg_catalog."C",
    dn text NOT NULL COLLATE pg_catalog."C",
    secret bytea NOT NULL,
    created_at bigint NOT NULL,
    confirmed_at bigint,
    last_step bigint NOT NULL,
    failures integer NOT NULL,
    locked_until bigint NOT NULL
);

CREATE TABLE public.manager_sessions (
    id text NOT NULL COLLATE pg_catalog."C",
    token_hash bytea NOT NULL,
    person text NOT NULL COLLATE pg_catalog."C",
    home_cluster text NOT NULL COLLATE pg_catalog."C",
    dn text NOT NULL COLLATE pg_catalog."C",
    method text NOT NULL COLLATE pg_catalog."C",
    factor text NOT NULL COLLATE pg_catalog."C",
    address text NOT NULL COLLATE pg_catalog."C",
    user_agent text COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    used_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT manager_sessions_factor_check CHECK ((factor = ANY (ARRAY['none'::text, 'wanted'::text, 'given'::text]))),
    CONSTRAINT manager_sessions_method_check CHECK ((method = ANY (ARRAY['password'::text, 'oidc'::text])))
);

CREATE TABLE public.manager_shared_passwords (
    cluster text NOT NULL COLLATE pg_catalog."C",
    generation text NOT NULL COLLATE pg_catalog."C",
    secret bytea NOT NULL,
    given_by text NOT NULL COLLATE pg_catalog."C",
    expires_at bigint NOT NULL
);

ALTER TABLE ONLY public.manager_connections
    ADD CONSTRAINT manager_connections_pkey PRIMARY KEY (session_id, cluster);

ALTER TABLE ONLY public.manager_recovery_codes
    ADD CONSTRAINT manager_recovery_codes_pkey PRIMARY KEY (person, digest);

ALTER TABLE ONLY public.manager_second_factors
    ADD CONSTRAINT manager_second_factors_pkey PRIMARY KEY (person);

ALTER TABLE ONLY public.manager_sessions
    ADD CONSTRAINT manager_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.manager_sessions
    ADD CONSTRAINT manager_sessions_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.manager_shared_passwords
    ADD CONSTRAINT manager_shared_passwords_pkey PRIMARY KEY (cluster);

CREATE INDEX manager_sessions_expiry ON public.manager_sessions USING btree (expires_at);

CREATE INDEX manager_sessions_person ON public.manager_sessions USING btree (person, created_at);

CREATE INDEX manager_sessions_used ON public.manager_sessions USING btree (used_at);

ALTER TABLE ONLY public.manager_connections
    ADD CONSTRAINT manager_connections_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.manager_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.manager_recovery_codes
    ADD CONSTRAINT manager_recovery_codes_person_fkey FOREIGN KEY (person) REFERENCES public.manager_second_factors(person) ON DELETE CASCADE;

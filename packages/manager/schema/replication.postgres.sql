CREATE TABLE public.replication_rounds (
    cluster text NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE public.replication_samples (
    cluster text NOT NULL,
    at bigint NOT NULL,
    node text NOT NULL,
    server_id text NOT NULL,
    lag_ms bigint
);

CREATE TABLE public.replication_troubles (
    cluster text NOT NULL,
    subject text NOT NULL,
    node text NOT NULL,
    state text NOT NULL,
    since bigint NOT NULL,
    CONSTRAINT replication_troubles_state_check CHECK ((state = ANY (ARRAY['suspected'::text, 'reported'::text])))
);

ALTER TABLE ONLY public.replication_rounds
    ADD CONSTRAINT replication_rounds_pkey PRIMARY KEY (cluster, at);

ALTER TABLE ONLY public.replication_samples
    ADD CONSTRAINT replication_samples_pkey PRIMARY KEY (cluster, at, node, server_id);

ALTER TABLE ONLY public.replication_troubles
    ADD CONSTRAINT replication_troubles_pkey PRIMARY KEY (cluster, subject);

CREATE TABLE public.event_dedupe (
    key text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    until bigint NOT NULL
);

CREATE TABLE public.event_head (
    only_row smallint NOT NULL,
    "position" bigint NOT NULL,
    link bigint NOT NULL,
    hash text NOT NULL COLLATE pg_catalog."C",
    trimmed_link bigint NOT NULL,
    trimmed_hash text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT event_head_only_row_check CHECK ((only_row = 1))
)
WITH (fillfactor='10');

CREATE TABLE public.events (
    "position" bigint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    "time" bigint NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    severity smallint NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    source text NOT NULL COLLATE pg_catalog."C",
    actor text COLLATE pg_catalog."C",
    data text COLLATE pg_catalog."C",
    dedupe_key text COLLATE pg_catalog."C",
    link bigint,
    hash text COLLATE pg_catalog."C",
    CONSTRAINT events_check CHECK (((link IS NULL) = (hash IS NULL))),
    CONSTRAINT events_severity_check CHECK (((severity >= 0) AND (severity <= 4)))
);

CREATE TABLE public.schema_migrations (
    package text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    applied_at bigint NOT NULL
);

ALTER TABLE ONLY public.event_dedupe
    ADD CONSTRAINT event_dedupe_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.event_head
    ADD CONSTRAINT event_head_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_id_key UNIQUE (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (package, number);

CREATE INDEX event_dedupe_until ON public.event_dedupe USING btree (until);

CREATE INDEX events_audit ON public.events USING btree ("time", "position") WHERE (link IS NOT NULL);

CREATE UNIQUE INDEX events_link ON public.events USING btree (link) WHERE (link IS NOT NULL);

CREATE INDEX events_severity ON public.events USING btree (severity, "time", "position");

CREATE INDEX events_subject ON public.events USING btree (subject, "time", "position") INCLUDE (type, severity);

CREATE INDEX events_time ON public.events USING btree ("time", "position");

CREATE INDEX events_type ON public.events USING btree (type, severity, "time", "position");

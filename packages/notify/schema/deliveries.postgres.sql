CREATE TABLE public.channel_states (
    channel text NOT NULL COLLATE pg_catalog."C",
    failing_since bigint,
    paused_until bigint,
    pauses integer DEFAULT 0 NOT NULL,
    disabled_at bigint,
    disabled_reason text COLLATE pg_catalog."C"
);

CREATE TABLE public.deliveries (
    id text NOT NULL COLLATE pg_catalog."C",
    channel text NOT NULL COLLATE pg_catalog."C",
    route text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    severity integer NOT NULL,
    event_count integer NOT NULL,
    hold_key text COLLATE pg_catalog."C",
    note text COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    expected_at bigint NOT NULL,
    due_at bigint NOT NULL,
    expires_at bigint,
    attempt integer DEFAULT 0 NOT NULL,
    attempts_before integer DEFAULT 0 NOT NULL,
    lease_owner text COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    finished_at bigint,
    CONSTRAINT deliveries_check CHECK (((state = 'sending'::text) = (lease_owner IS NOT NULL))),
    CONSTRAINT deliveries_check1 CHECK (((state = ANY (ARRAY['pending'::text, 'sending'::text])) = (finished_at IS NULL))),
    CONSTRAINT deliveries_check2 CHECK (((hold_key IS NULL) OR (state = 'pending'::text))),
    CONSTRAINT deliveries_severity_check CHECK (((severity >= 0) AND (severity <= 4))),
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'delivered'::text, 'dead'::text, 'expired'::text])))
);

CREATE TABLE public.delivery_events (
    delivery_id text NOT NULL COLLATE pg_catalog."C",
    ordinal integer NOT NULL,
    event_id text NOT NULL COLLATE pg_catalog."C",
    incident_id text COLLATE pg_catalog."C"
);

CREATE TABLE public.delivery_failures (
    delivery_id text NOT NULL COLLATE pg_catalog."C",
    attempt integer NOT NULL,
    "time" bigint NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE public.escalations (
    incident_id text NOT NULL COLLATE pg_catalog."C",
    route text NOT NULL COLLATE pg_catalog."C",
    step integer NOT NULL,
    due_at bigint NOT NULL,
    fired_at bigint
);

CREATE TABLE public.incidents (
    id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    resolves integer NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    severity integer NOT NULL,
    first_event text NOT NULL COLLATE pg_catalog."C",
    last_event text NOT NULL COLLATE pg_catalog."C",
    opened_at bigint NOT NULL,
    last_at bigint NOT NULL,
    token text NOT NULL COLLATE pg_catalog."C",
    acknowledged_at bigint,
    acknowledged_by text COLLATE pg_catalog."C",
    closed_at bigint,
    CONSTRAINT incidents_resolves_check CHECK ((resolves = ANY (ARRAY[0, 1])))
);

CREATE TABLE public.route_dedupe (
    route text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    severity integer NOT NULL,
    until bigint NOT NULL
);

CREATE TABLE public.routing (
    only_row integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT routing_only_row_check CHECK ((only_row = 1))
);

ALTER TABLE ONLY public.channel_states
    ADD CONSTRAINT channel_states_pkey PRIMARY KEY (channel);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.delivery_events
    ADD CONSTRAINT delivery_events_pkey PRIMARY KEY (delivery_id, ordinal);

ALTER TABLE ONLY public.delivery_failures
    ADD CONSTRAINT delivery_failures_pkey PRIMARY KEY (delivery_id, attempt);

ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_pkey PRIMARY KEY (incident_id, route, step);

ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.route_dedupe
    ADD CONSTRAINT route_dedupe_pkey PRIMARY KEY (route, key, severity);

ALTER TABLE ONLY public.routing
    ADD CONSTRAINT routing_pkey PRIMARY KEY (only_row);

CREATE INDEX deliveries_due ON public.deliveries USING btree (due_at) WHERE (state = 'pending'::text);

CREATE INDEX deliveries_finished ON public.deliveries USING btree (state, finished_at, id) WHERE (finished_at IS NOT NULL);

CREATE UNIQUE INDEX deliveries_hold ON public.deliveries USING btree (hold_key) WHERE (hold_key IS NOT NULL);

CREATE INDEX deliveries_pending ON public.deliveries USING btree (channel, severity, due_at) WHERE (state = 'pending'::text);

CREATE INDEX deliveries_sending ON public.deliveries USING btree (due_at) WHERE (state = 'sending'::text);

CREATE INDEX delivery_events_event ON public.delivery_events USING btree (event_id);

CREATE INDEX delivery_events_incident ON public.delivery_events USING btree (incident_id) WHERE (incident_id IS NOT NULL);

CREATE INDEX escalations_due ON public.escalations USING btree (due_at) WHERE (fired_at IS NULL);

CREATE INDEX incidents_closed ON public.incidents USING btree (closed_at) WHERE (closed_at IS NOT NULL);

CREATE UNIQUE INDEX incidents_open ON public.incidents USING btree (key) WHERE (closed_at IS NULL);

CREATE INDEX route_dedupe_key ON public.route_dedupe USING btree (key);

CREATE INDEX route_dedupe_until ON public.route_dedupe USING btree (until);

ALTER TABLE ONLY public.delivery_events
    ADD CONSTRAINT delivery_events_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES public.deliveries(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.delivery_failures
    ADD CONSTRAINT delivery_failures_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES public.deliveries(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.escalations
    ADD CONSTRAINT escalations_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id) ON DELETE CASCADE;

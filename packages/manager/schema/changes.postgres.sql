CREATE TABLE public.change_sets (
    id text NOT NULL COLLATE pg_catalog."C",
    cluster text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    address text NOT NULL COLLATE pg_catalog."C",
    request_id text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    active_at bigint NOT NULL,
    ended_at bigint,
    applied integer DEFAULT 0 NOT NULL,
    conflict integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    in_doubt integer DEFAULT 0 NOT NULL,
    not_tried integer DEFAULT 0 NOT NULL,
    undo_of text COLLATE pg_catalog."C",
    undone_by text COLLATE pg_catalog."C"
);

CREATE TABLE public.change_steps (
    set_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    cluster text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    dn text NOT NULL COLLATE pg_catalog."C",
    new_dn text COLLATE pg_catalog."C",
    dn_hash text NOT NULL COLLATE pg_catalog."C",
    new_dn_hash text COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    settled_at bigint,
    node text COLLATE pg_catalog."C",
    version text COLLATE pg_catalog."C",
    event_id text COLLATE pg_catalog."C",
    undo bytea,
    CONSTRAINT change_steps_status_check CHECK ((status = ANY (ARRAY['open'::text, 'applied'::text, 'conflict'::text, 'failed'::text, 'in_doubt'::text, 'not_tried'::text]))),
    CONSTRAINT change_steps_type_check CHECK ((type = ANY (ARRAY['add'::text, 'modify'::text, 'modifyDn'::text, 'delete'::text, 'password'::text])))
);

ALTER TABLE ONLY public.change_sets
    ADD CONSTRAINT change_sets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.change_steps
    ADD CONSTRAINT change_steps_pkey PRIMARY KEY (set_id, number);

CREATE INDEX change_sets_actor ON public.change_sets USING btree (cluster, actor, id);

CREATE INDEX change_sets_cluster ON public.change_sets USING btree (cluster, id);

CREATE INDEX change_sets_open ON public.change_sets USING btree (active_at) WHERE (ended_at IS NULL);

CREATE INDEX change_steps_dn ON public.change_steps USING btree (cluster, dn_hash, set_id);

CREATE INDEX change_steps_new_dn ON public.change_steps USING btree (cluster, new_dn_hash, set_id) WHERE (new_dn_hash IS NOT NULL);

CREATE INDEX change_steps_open ON public.change_steps USING btree (set_id) WHERE (status = 'open'::text);

ALTER TABLE ONLY public.change_steps
    ADD CONSTRAINT change_steps_set_id_fkey FOREIGN KEY (set_id) REFERENCES public.change_sets(id) ON DELETE CASCADE;

CREATE TABLE public.manager_job_errors (
    job text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    line integer NOT NULL,
    dn text COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    message text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE public.manager_jobs (
    id text NOT NULL COLLATE pg_catalog."C",
    cluster text NOT NULL COLLATE pg_catalog."C",
    person text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    options text NOT NULL COLLATE pg_catalog."C",
    progress text NOT NULL COLLATE pg_catalog."C",
    change_set text COLLATE pg_catalog."C",
    message text COLLATE pg_catalog."C",
    error_count integer NOT NULL,
    created_at bigint NOT NULL,
    started_at bigint,
    finished_at bigint,
    seen_at bigint NOT NULL,
    cancel_by text COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.manager_job_errors
    ADD CONSTRAINT manager_job_errors_pkey PRIMARY KEY (job, number);

ALTER TABLE ONLY public.manager_jobs
    ADD CONSTRAINT manager_jobs_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX manager_jobs_active ON public.manager_jobs USING btree (cluster, person) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

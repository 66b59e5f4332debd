CREATE TABLE public.manager_numbers (
    cluster text NOT NULL,
    attribute text NOT NULL,
    next bigint NOT NULL,
    is_complete integer NOT NULL
);

ALTER TABLE ONLY public.manager_numbers
    ADD CONSTRAINT manager_numbers_pkey PRIMARY KEY (cluster, attribute);

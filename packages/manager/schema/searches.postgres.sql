CREATE TABLE public.saved_searches (
    id text NOT NULL,
    cluster text NOT NULL,
    owner_dn text NOT NULL,
    owner text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    is_shared integer NOT NULL,
    changed_at bigint NOT NULL,
    CONSTRAINT saved_searches_is_shared_check CHECK ((is_shared = ANY (ARRAY[0, 1])))
);

ALTER TABLE ONLY public.saved_searches
    ADD CONSTRAINT saved_searches_pkey PRIMARY KEY (id);

CREATE INDEX saved_searches_cluster ON public.saved_searches USING btree (cluster, owner_dn, owner);

CREATE INDEX saved_searches_shared ON public.saved_searches USING btree (cluster) WHERE (is_shared = 1);

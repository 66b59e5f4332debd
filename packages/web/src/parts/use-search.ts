/** Entries that a search finds, page by page as they are wanted. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type ApiInput, api } from "../api/client.ts";

export type SearchQuery = Omit<NonNullable<ApiInput<"POST /clusters/{cluster}/search">["body"]>, "cursor" | "limit">;

const pageSize = 200;

export function useSearchPages(cluster: string, query: SearchQuery | undefined) {
  const search = useInfiniteQuery({
    queryKey: ["search", cluster, query],
    enabled: query !== undefined,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor, signal }) =>
      api("POST /clusters/{cluster}/search", {
        params: { cluster },
        body: { ...query!, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) },
        signal,
      }),
    getNextPageParam: ({ cursor }) => cursor,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  const entries = useMemo(() => search.data?.pages.flatMap((page) => page.entries) ?? [], [search.data]);
  return { search, entries };
}

/** The promises, asked for again and again while somebody looks. */
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";

const refreshMs = 30_000;

export function useSlos() {
  return useQuery({
    queryKey: ["slos"],
    enabled: useMayAnywhere("audit"),
    queryFn: ({ signal }) => api("GET /slos", { signal }),
    refetchInterval: refreshMs,
  });
}

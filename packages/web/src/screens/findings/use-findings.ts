/** The findings, asked for again and again while somebody looks. */
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";

export const findingsKey = ["findings"] as const;
const refreshMs = 15_000;

export function useFindings() {
  return useQuery({
    queryKey: findingsKey,
    enabled: useMayAnywhere("audit"),
    queryFn: ({ signal }) => api("GET /findings", { signal }),
    refetchInterval: refreshMs,
  });
}

/** A job, asked about again and again until it has ended. */
import { useQuery } from "@tanstack/react-query";
import { type ApiOutput, api } from "../../api/client.ts";
import type { StatusKind } from "../../parts/status.tsx";

export type JobJson = ApiOutput<"GET /jobs">["jobs"][number];

const askAgainMs = 700;

export function isActive({ state }: Pick<JobJson, "state">): boolean {
  return state === "queued" || state === "running";
}

export function useJob(id: string | undefined) {
  return useQuery({
    queryKey: ["job", id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => api("GET /jobs/{id}", { params: { id: id! }, signal }),
    refetchInterval: ({ state: { data } }) => (data === undefined || isActive(data) ? askAgainMs : false),
    staleTime: 0,
  });
}

/** In a word, and how good that is. */
export function stateOf({ state, progress, options }: JobJson): { readonly kind: StatusKind; readonly word: string } {
  const wrong = progress.failed + progress.inDoubt;
  switch (state) {
    case "queued":
      return { kind: "unknown", word: "waits for its turn" };
    case "running":
      return { kind: "unknown", word: options.dryRun ? "is being checked" : "is being imported" };
    case "done":
      if (wrong > 0)
        return { kind: "warning", word: options.dryRun ? "checked: not all of it can be" : "partly imported" };
      return { kind: "good", word: options.dryRun ? "checked: all of it can be imported" : "imported" };
    case "failed":
      return { kind: "bad", word: "failed" };
    case "cancelled":
      return { kind: "warning", word: "cancelled" };
    case "interrupted":
      return { kind: "warning", word: "interrupted" };
  }
}

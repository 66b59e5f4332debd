/** Who has signed in, as the page knows them. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type ApiOutput, api, ProblemError, setCsrfToken } from "../api/client.ts";

export type SessionJson = ApiOutput<"GET /session">;
export const sessionKey = ["session"] as const;

/** `null` for nobody. */
async function fetchSession(): Promise<SessionJson | null> {
  try {
    const session = await api("GET /session", {});
    setCsrfToken(session.csrfToken);
    return session;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === "not_signed_in") return null;
    throw error;
  }
}

type Action = SessionJson["clusters"][number]["may"][number];

/** What belongs to no cluster: whether they may on any. */
export function useMayAnywhere(action: Action): boolean {
  return useSession().data?.clusters.some(({ may }) => may.includes(action)) === true;
}

export const sessionQuery = queryOptions({ queryKey: sessionKey, queryFn: fetchSession, staleTime: 60_000 });

export function useSession() {
  return useQuery(sessionQuery);
}

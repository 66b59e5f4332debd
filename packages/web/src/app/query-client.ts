/** What was asked for, kept for a while. A refusal is not asked for again; an outage is, at growing intervals. */
import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "../api/client.ts";

const maxRetries = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < maxRetries && error instanceof ProblemError && error.problem.status >= 502,
    },
  },
});

/** What each problem code means to whoever calls the API: for the reference. */
import type { ProblemCode } from "./problem.ts";

export const problemMeanings: Readonly<Record<ProblemCode, string>> = {
  invalid_request: "What was sent is not what the route takes; `errors` says where.",
  not_signed_in: "There is no session, or it has ended: sign in.",
  wrong_credentials: "The directory, or the provider, did not accept them.",
  second_factor_needed: "The password was right; `details` says which second factor is wanted.",
  not_allowed: "No role of yours allows it, or the directory does not.",
  read_only: "The cluster is configured to be read only, or the server is.",
  wrong_origin: "The request comes from another site, or lacks the CSRF token.",
  not_connected: "You are signed in, but not to this cluster.",
  no_such_cluster: "No cluster of this name is configured.",
  no_such_entry: "There is no such entry, or you may not see it.",
  not_found: "There is nothing of this name here.",
  conflict: "The entry is not as it was read; `details` shows what was read, what is there and what is wanted.",
  already_exists: "There is an entry with this name already.",
  not_empty: "The entry has others below it.",
  gone: "The cursor, job or change is no longer kept: begin anew.",
  too_large: "The body is larger than the route takes.",
  unsupported_media_type: "The body is of another type than the route takes.",
  refused_by_directory: "The directory refused it; `ldap` says why.",
  password_policy: "The password breaks a rule; `title` and `details` say which.",
  too_many_requests: "Wait for the seconds of `retryAfter`.",
  internal: "The log of the service says more, under the answer's `X-Request-Id`.",
  in_doubt:
    "The connection was lost while the directory had the write: it may have been done. Look before you try again.",
  unavailable: "No node answers, or the store is away. Nothing was done.",
  timed_out: "The server took longer than its time limit.",
};

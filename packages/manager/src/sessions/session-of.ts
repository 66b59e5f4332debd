/** The session of a request, as the parts of this folder need it. */
import { OpenSession } from "./open-session.ts";
import type { Session } from "./session.ts";

/** @throws TypeError for one that was not made here */
export function asOpenSession(session: Session): OpenSession {
  if (session instanceof OpenSession) return session;
  throw new TypeError("This is no session that Sessions has given.");
}

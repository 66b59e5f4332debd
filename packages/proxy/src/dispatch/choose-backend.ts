/** Which backend an operation goes to: where its client's state or connections are, else as the router says. */
import type { Backend } from "../backend/backend.ts";
import type { Choice, Router } from "../routing/router.ts";
import type { ClientAuthorization } from "./identity/client-authorization.ts";
import type { RequestClass } from "./request-class.ts";

export function chooseBackend(
  router: Router,
  { route }: RequestClass,
  authorization: ClientAuthorization,
  exclude: ReadonlySet<Backend>,
  isLastChance: boolean,
): Choice | undefined {
  const { home } = authorization;
  if (home !== undefined && authorization.isTied) return exclude.has(home) ? undefined : pinned(home);
  if (route === "write") return router.chooseWrite(exclude);
  if (home === undefined || exclude.has(home)) {
    return router.chooseRead(authorization.affinity, exclude, isLastChance);
  }
  // A client reads where its connection is, but for the time after a write, when it reads where that is known.
  return router.chooseAfterWrite(authorization.affinity, exclude) ?? pinned(home);
}

const choices = new WeakMap<Backend, Choice>();

function pinned(backend: Backend): Choice {
  let choice = choices.get(backend);
  if (choice === undefined) {
    choice = { backend, reason: "pinned" };
    choices.set(backend, choice);
  }
  return choice;
}

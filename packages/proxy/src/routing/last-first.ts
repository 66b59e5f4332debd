/** The last of the tier that can be used: the order in which LDAP Manager reads, so that its first node is free for writes. */
import type { Backend } from "../backend/backend.ts";
import type { Strategy } from "./strategy.ts";

export class LastFirst implements Strategy {
  readonly name = "last-first";
  readonly spreads = false;

  choose(candidates: readonly Backend[]): Backend | undefined {
    return candidates.at(-1);
  }
}

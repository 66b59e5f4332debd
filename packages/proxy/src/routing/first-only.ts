/** The first backend of the tier and no other, as LDAP Manager writes: when it cannot be used, nor can the tier. */
import type { Backend } from "../backend/backend.ts";
import type { Strategy } from "./strategy.ts";

export class FirstOnly implements Strategy {
  readonly name = "first-only";
  readonly spreads = false;

  choose(candidates: readonly Backend[], backends: readonly Backend[]): Backend | undefined {
    return candidates[0] === backends[0] ? backends[0] : undefined;
  }
}

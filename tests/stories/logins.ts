/** People who log in through SSSD, one after the other and all the time, each looked up anew. */
import type { Sssd } from "@espalier/tests/lab";
import { Repetition } from "./repetition.ts";

/** @param people user names; each has the password `pw-NAME` */
export function repeatedLogins(sssd: Sssd, people: readonly string[]): Repetition {
  return new Repetition(async (round) => {
    const name = people[round % people.length]!;
    await sssd.expireCache();
    return sssd.login(name, `pw-${name}`);
  });
}

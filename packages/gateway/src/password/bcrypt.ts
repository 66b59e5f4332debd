/** bcrypt, `$2a$`, `$2b$` and `$2y$`, which differ in the bugs of their first writers and not in their result. */
import { verifySync } from "@node-rs/bcrypt";
import type { BcryptHash, HashLimits, HashRefusal } from "./stored-hash.ts";

export function parseBcrypt(text: string, limits: HashLimits): BcryptHash | HashRefusal {
  const [, cost] = /^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/.exec(text) ?? [];
  if (cost === undefined) return "malformed";
  if (Number(cost) > limits.bcryptCost) return "tooCostly";
  return { kind: "bcrypt", scheme: "bcrypt", cost: Number(cost), text };
}

/** Only the first 72 bytes of the password count, as in every implementation. */
export function matchesBcrypt(stored: BcryptHash, password: Uint8Array): boolean {
  return verifySync(password, stored.text);
}

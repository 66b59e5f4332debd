/** Binds that were refused: to try a wrong password every few minutes would lock its account. */
import { createHash } from "node:crypto";
import type { NodeTarget } from "./targets.ts";

const heldForMs = 3_600_000;
/** More than anybody configures. */
const maxHeld = 1_000;

export class RefusedBinds {
  readonly #held = new Map<string, { readonly code: string; readonly until: number }>();

  /** The result code of a bind with these credentials that was refused less than an hour ago. */
  codeOf(target: NodeTarget, now: number): string | undefined {
    const held = this.#held.get(keyOf(target));
    return held !== undefined && now < held.until ? held.code : undefined;
  }

  note(target: NodeTarget, code: string, now: number): void {
    if (this.#held.size >= maxHeld) this.#held.clear();
    this.#held.set(keyOf(target), { code, until: now + heldForMs });
  }
}

function keyOf({ host, port, bind }: NodeTarget): string {
  const parts = [host, String(port), bind?.dn ?? "", bind?.password.reveal() ?? ""];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Which node somebody has written to lately: what they read next comes from there, whatever the others have heard of it by then. */
import { builtInSchema, dnKey } from "@espalier/ldap";

/** Replication that takes longer is a fault that monitoring shows. */
const keptForMs = 10_000;

export class RecentWrites<Node> {
  readonly #now: () => number;
  readonly #byPerson = new Map<string, { readonly node: Node; readonly untilMs: number }>();

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** By name, not by session: a new password is a new bind, and the other nodes may not know it yet. */
  noted(dn: string, node: Node): void {
    const nowMs = this.#now();
    // The oldest are first: each write moves its writer to the end.
    for (const [person, { untilMs }] of this.#byPerson) {
      if (untilMs > nowMs) break;
      this.#byPerson.delete(person);
    }
    const person = personOf(dn);
    this.#byPerson.delete(person);
    this.#byPerson.set(person, { node, untilMs: nowMs + keptForMs });
  }

  nodeOf(dn: string): Node | undefined {
    const recent = this.#byPerson.get(personOf(dn));
    return recent !== undefined && recent.untilMs > this.#now() ? recent.node : undefined;
  }
}

function personOf(dn: string): string {
  return dnKey(dn, builtInSchema) ?? dn;
}

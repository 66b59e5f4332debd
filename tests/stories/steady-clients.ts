/**
 * Clients of a directory that ask for what is there, all the time: some search over connections that they keep, some log in over
 * one that they make, and a machine's SSSD looks people up with nothing in its cache. Each answer is told to a tally.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Filter, resultCodeName, type SearchRequest } from "@espalier/ldap";
import { type Sssd, until, Wire } from "@espalier/tests/lab";
import { baseDn } from "./gateway-pair.ts";
import type { Tally } from "./tally.ts";

export interface SteadyClientsOptions {
  /** ldaps://127.0.0.1:port */
  readonly url: string;
  /** The PEM text of the authority of its certificate. */
  readonly authority: string;
  /** User names; each has the password `pw-NAME`, and all are in the group `staff`. */
  readonly people: readonly string[];
  readonly sssd: Sssd;
  readonly tally: Tally;
}

const searchers = 4;
const binders = 2;
/** Between an answer and the next question of the same client. */
const pauseMs = 20;

export class SteadyClients implements AsyncDisposable {
  readonly #options: SteadyClientsOptions;
  readonly #work: Promise<unknown>;
  #isOver = false;

  constructor(options: SteadyClientsOptions) {
    this.#options = options;
    this.#work = Promise.all([
      ...Array.from({ length: searchers }, () => this.#search()),
      ...Array.from({ length: binders }, () => this.#bind()),
      this.#lookUp(),
    ]);
    // Whoever disposes hears of it.
    this.#work.catch(() => undefined);
  }

  /** Resolves when each kind of them has had so many answers in the phase. */
  async answered(phase: string, count: number): Promise<void> {
    const { tally } = this.#options;
    const kinds = ["search", "group", "bind", "look-up", "groups of"];
    await until(`${count} answers of each kind`, () => kinds.every((kind) => tally.total(phase, kind) >= count), {
      timeoutMs: 120_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  async #search(): Promise<void> {
    const { tally } = this.#options;
    let wire = await this.#connect();
    for await (const name of this.#names()) {
      if (wire.isClosed) wire = await this.#connect();
      await tally.count("search", () => kindOf(wire, equal("uid", name), `uid=${name},${baseDn}`));
      await tally.count("group", () => kindOf(wire, equal("cn", "staff"), `cn=staff,${baseDn}`));
      wire.forget();
    }
    wire[Symbol.dispose]();
  }

  async #bind(): Promise<void> {
    for await (const name of this.#names()) {
      using wire = await this.#connect();
      await this.#options.tally.count("bind", () =>
        wire.bind(`uid=${name},${baseDn}`, `pw-${name}`).then(
          (code) => (code === 0 ? "right" : resultCodeName(code)),
          () => "connection lost",
        ),
      );
    }
  }

  async #lookUp(): Promise<void> {
    const { sssd, tally } = this.#options;
    for await (const name of this.#names()) {
      await sssd.expireCache();
      await tally.count("look-up", async () => ((await sssd.passwd(name)) === undefined ? "nobody" : "found"));
      await tally.count("groups of", () =>
        sssd.groupsOf(name).then(
          (groups) => (groups.includes("staff") ? "found" : "another"),
          () => "nobody",
        ),
      );
    }
  }

  /** The people's, over and over, with a pause between, until it is over. */
  async *#names(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      for (const name of this.#options.people) {
        if (this.#isOver) return;
        yield name;
        await delay(pauseMs);
      }
    }
  }

  #connect(): Promise<Wire> {
    const { url, authority } = this.#options;
    return Wire.connect(url, { ca: authority, rejectUnauthorized: true });
  }
}

/** What a search for one entry was answered with. */
async function kindOf(wire: Wire, filter: Filter, dn: string): Promise<string> {
  try {
    const { entries, done } = await wire.search(searchFor(filter));
    if (done.resultCode !== 0) return resultCodeName(done.resultCode);
    const [entry, ...others] = entries;
    if (entry === undefined) return "nobody";
    return entry.objectName === dn && others.length === 0 ? "found" : "another";
  } catch {
    return "connection lost";
  }
}

function equal(attribute: string, value: string): Filter {
  return { type: "equalityMatch", attribute, value: Buffer.from(value) };
}

function searchFor(filter: Filter): SearchRequest {
  return {
    ...{ type: "searchRequest", baseObject: baseDn, scope: "wholeSubtree", derefAliases: "neverDerefAliases" },
    ...{ sizeLimit: 0, timeLimit: 0, typesOnly: false, filter, attributes: [] },
  };
}

/**
 * Two nodes ask, join, decide, take and end at random, several at the same time. What each was told is held against what the
 * document promises, whatever the order in which the store let them.
 */

import { createLog, createMetrics, EventLog, eventMigrations, openStore, type Store, sql } from "@espalier/service";
import { forEachDatabase } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import type { Approval, Decision } from "../../src/approvals/approval.ts";
import { Approvals, type Decided } from "../../src/approvals/approvals.ts";
import { decisionUrl } from "../../src/approvals/link.ts";
import { notifyStoreMigrations } from "../../src/store-migrations.ts";
import { Clock, hourMs, limits, secondMs } from "./node.ts";

const logger = createLog({ destination: () => undefined }).logger("test");
const perHour = 4;

type Step =
  | {
      readonly type: "ask";
      readonly node: number;
      readonly user: string;
      readonly service: string;
      readonly address: string;
    }
  | {
      readonly type: "decide";
      readonly node: number;
      readonly which: number;
      readonly decision: Decision;
      readonly isForged: boolean;
    }
  | { readonly type: "take"; readonly node: number; readonly which: number }
  | { readonly type: "look"; readonly node: number; readonly which: number }
  | { readonly type: "sweep"; readonly node: number };

interface Round {
  /** Before it. */
  readonly passMs: number;
  /** At the same time. */
  readonly steps: readonly Step[];
}

const node = fc.nat(1);
const which = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("ask" as const),
      node,
      user: fc.constantFrom("alice", "ALICE", "bob"),
      service: fc.constantFrom("ldap", "ldap", "wiki"),
      address: fc.constantFrom("192.0.2.7", "192.0.2.7", "198.51.100.9", ""),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("decide" as const),
      node,
      which,
      decision: fc.constantFrom<Decision>("approve", "approve", "approve", "reject", "not-me"),
      isForged: fc.constantFrom(false, false, false, true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("take" as const), node, which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("look" as const), node, which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("sweep" as const), node }) },
);
const rounds: fc.Arbitrary<readonly Round[]> = fc.array(
  fc.record({
    passMs: fc.constantFrom(0, secondMs, 20 * secondMs, 60 * secondMs, hourMs / 2),
    steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  }),
  { minLength: 3, maxLength: 12 },
);

interface Row {
  readonly id: string;
  readonly user_key: string;
  readonly state: Approval["state"];
  readonly requested_at: number;
  readonly link_key: Uint8Array;
}

class Site {
  readonly clock = new Clock();
  readonly #nodes: readonly Approvals[];
  readonly #store: Store;
  readonly #realm: string;
  /** What is known of each approval, from what was answered and found in rounds before. */
  readonly #asked = new Set<string>();
  readonly #final = new Map<string, Approval["state"]>();
  readonly #late = new Map<string, number>();
  readonly #taken = new Set<string>();
  readonly #disowned = new Set<string>();
  readonly #lockedUntil = new Map<string, number>();

  constructor(stores: readonly Store[], realm: string) {
    this.#store = stores[0]!;
    this.#realm = realm;
    const now = this.clock.read;
    this.#nodes = stores.map((store) => {
      const log = new EventLog({ store, logger, dedupeWindowMs: hourMs, now });
      return new Approvals({ store, log, limits: { ...limits, perHour }, logger, metrics: createMetrics(), now });
    });
  }

  close(): void {
    for (const each of this.#nodes) each.close();
  }

  async round({ passMs, steps }: Round): Promise<void> {
    this.clock.pass(passMs);
    const before = await this.#rows();
    const [taken, disowned, locked] = [new Set(this.#taken), new Set(this.#disowned), new Map(this.#lockedUntil)];
    const decided: Decided[] = [];
    await Promise.all(
      steps.map(async (each) => {
        const approvals = this.#nodes[each.node]!;
        if (each.type === "ask") return this.#ask(approvals, each, { taken, disowned, locked });
        if (each.type === "sweep") return void (await approvals.sweep());
        const row = before[each.which];
        if (row === undefined) return;
        if (each.type === "look") await approvals.get(row.id);
        else if (each.type === "take") {
          await approvals.take(row.id);
          if (row.state === "approved") this.#taken.add(row.id);
        } else decided.push(await this.#decide(approvals, row, each));
      }),
    );
    this.#checkDecisions(decided);
    await this.#checkRows(decided);
  }

  async #ask(
    approvals: Approvals,
    { user, service, address }: Extract<Step, { type: "ask" }>,
    known: { readonly taken: Set<string>; readonly disowned: Set<string>; readonly locked: Map<string, number> },
  ): Promise<void> {
    const request = { username: user, realm: this.#realm, service, address };
    const asked = await approvals.ask(request);
    const isLocked = (known.locked.get(user.toLowerCase()) ?? 0) > this.clock.now;
    if (isLocked) expect(asked).toMatchObject({ outcome: "refused", refusal: "locked" });
    if (asked.outcome === "refused") return;
    const { id, state } = asked.approval;
    expect({ service: asked.approval.service, address: asked.approval.address }).toEqual({ service, address });
    expect(asked.approval.username.toLowerCase()).toBe(user.toLowerCase());
    if (asked.outcome === "asked") {
      expect([this.#asked.has(id), state]).toEqual([false, "pending"]);
      this.#asked.add(id);
    } else expect(address).not.toBe("");
    if (state === "pending") return;
    // A yes after its moment: for one, and not where somebody has had it, or it was disowned.
    expect([state, known.taken.has(id), known.disowned.has(id)]).toEqual(["approved", false, false]);
    expect(asked.approval.expiresAt).toBeGreaterThan(this.clock.now);
    this.#late.set(id, (this.#late.get(id) ?? 0) + 1);
    expect(this.#late.get(id)).toBe(1);
    this.#taken.add(id);
  }

  async #decide(
    approvals: Approvals,
    row: Row,
    { decision, isForged }: Extract<Step, { type: "decide" }>,
  ): Promise<Decided> {
    const url = new URL(decisionUrl("https://notify.example.com", { id: row.id, channel: "phone" }, row.link_key));
    const token = url.searchParams.get("token")!;
    const decided = await approvals.decide({ id: row.id, channel: isForged ? "mail" : "phone", token }, decision);
    if (isForged) expect(decided).toEqual({ outcome: "invalid link" });
    else expect(decided.outcome).not.toBe("invalid link");
    if (decision === "not-me" && !isForged && decided.outcome !== "too late") {
      this.#disowned.add(row.id);
      this.#lockedUntil.set(row.user_key, this.clock.now + limits.lockAfterNotMe);
    }
    return decided;
  }

  #checkDecisions(decided: readonly Decided[]): void {
    for (const each of decided) {
      if (each.outcome !== "decided") continue;
      const { id, state, expiresAt } = each.approval;
      expect(this.#final.get(id)).toBeUndefined();
      expect(expiresAt).toBeGreaterThan(this.clock.now);
      this.#final.set(id, state);
    }
  }

  async #checkRows(decided: readonly Decided[]): Promise<void> {
    const rows = await this.#rows();
    const decidedNow = new Set(decided.flatMap((each) => (each.outcome === "decided" ? [each.approval.id] : [])));
    for (const { id, state } of rows) {
      const known = this.#final.get(id);
      if (known !== undefined) expect(state).toBe(known);
      // Only a decision approves or rejects.
      if (state === "approved" || state === "rejected") expect(known).toBe(state);
      if (state !== "pending" && !decidedNow.has(id)) this.#final.set(id, state);
    }
    for (const own of Map.groupBy(rows, ({ user_key }) => user_key).values()) {
      expect(own.filter(({ state }) => state === "pending").length).toBeLessThanOrEqual(1);
      const recent = own.filter(({ requested_at: at }) => at > this.clock.now - hourMs);
      expect(recent.length).toBeLessThanOrEqual(perHour);
    }
  }

  /** The newest first. */
  #rows(): Promise<readonly Row[]> {
    return this.#store.all<Row>(
      sql`SELECT id, user_key, state, requested_at, link_key FROM approvals WHERE realm = ${this.#realm}
        ORDER BY requested_at DESC, id`,
    );
  }
}

forEachDatabase((databases) => {
  it("whatever two nodes do at the same time, a user is asked one question, and a yes admits what it was asked about", async () => {
    const url = await databases.create();
    const open = () => openStore({ url, migrations: [eventMigrations, ...notifyStoreMigrations], logger });
    const stores = [await open(), await open()];
    onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(rounds, async (script) => {
        run += 1;
        const site = new Site(stores, `dc=run${run}`);
        try {
          for (const round of script) await site.round(round);
        } finally {
          site.close();
        }
      }),
      { numRuns: 60, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
    );
    expect(run).toBeGreaterThan(0);
  }, 120_000);
});

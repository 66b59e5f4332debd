import { sql } from "@espalier/service";
import { forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { unlockApprovals } from "../../src/approvals/unlock.ts";
import {
  approvalOf,
  askAndAnswer,
  Clock,
  hourMs,
  limits,
  linkOf,
  login,
  type Node,
  secondMs,
  startNode,
} from "./node.ts";

const unanswered = { address: "198.51.100.9" };

async function outcomes({ metrics }: Node): Promise<Readonly<Record<string, number>>> {
  const lines = (await metrics.text()).matchAll(/^approval_requests_total\{outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, outcome, count]) => [outcome, Number(count)]));
}

forEachDatabase((databases) => {
  it("asks a person once, with one link, and tells who waits what the answer was", async () => {
    const node = await startNode({ url: await databases.create() });
    const asked = await node.approvals.ask(login);
    const { id } = approvalOf(asked);
    expect(asked).toEqual({
      outcome: "asked",
      approval: {
        ...login,
        ...{ id, state: "pending", requestedAt: node.clock.now, expiresAt: node.clock.now + 60_000 },
        ...{ decidedAt: undefined, isDisowned: false },
      },
    });
    await node.work();
    expect(node.phone.titles).toEqual(["[medium] A login as alice from 192.0.2.7 (ldap) waits for your answer"]);
    expect(node.phone.messages[0]?.actions.map(({ label }) => label)).toEqual(["Approve or reject"]);

    const waiting = node.approvals.wait(id, 60_000);
    node.clock.pass(3 * secondMs);
    expect(await node.approvals.decide(linkOf(node), "approve")).toMatchObject({ outcome: "decided" });
    expect(await waiting).toMatchObject({ id, state: "approved", decidedAt: node.clock.now });
    expect(await node.types()).toEqual(["approval.requested", "approval.approved"]);
    expect(await outcomes(node)).toEqual({ approved: 1 });
  });

  it("a further attempt of the same user, service and address joins, from another node and in other letters", async () => {
    const url = await databases.create();
    const [one, other] = [await startNode({ url }), await startNode({ url })];
    const first = approvalOf(await one.approvals.ask(login));
    const second = await other.approvals.ask({ ...login, username: " ALICE" });
    expect(second).toMatchObject({ outcome: "joined", approval: { id: first.id } });
    await one.work();
    await other.work();
    expect([...one.phone.messages, ...other.phone.messages]).toHaveLength(1);

    const waiting = [one.approvals.wait(first.id, 60_000), other.approvals.wait(first.id, 60_000)];
    const asking = one.phone.messages.length === 1 ? one : other;
    await asking.approvals.decide(linkOf(asking), "approve");
    expect((await Promise.all(waiting)).map((approval) => approval?.state)).toEqual(["approved", "approved"]);
  });

  it("refuses another address or service of the user while one is open, and asks when it is over", async () => {
    const node = await startNode({ url: await databases.create() });
    const { expiresAt } = approvalOf(await node.approvals.ask(login));
    const refused = { outcome: "refused", refusal: "another approval is open", retryAt: expiresAt };
    expect(await node.approvals.ask({ ...login, ...unanswered })).toEqual(refused);
    expect(await node.approvals.ask({ ...login, service: "wiki" })).toEqual(refused);
    expect(await node.approvals.ask({ ...login, username: "bob" })).toMatchObject({ outcome: "asked" });
    expect(await node.approvals.ask({ ...login, realm: "dc=example,dc=org" })).toMatchObject({ outcome: "asked" });
    node.clock.pass(60 * secondMs);
    expect(await node.approvals.ask({ ...login, ...unanswered })).toMatchObject({ outcome: "asked" });
  });

  it("never takes two attempts of unknown addresses for the same", async () => {
    const node = await startNode({ url: await databases.create() });
    const nowhere = { ...login, address: "" };
    await node.approvals.ask(nowhere);
    expect(await node.approvals.ask(nowhere)).toMatchObject({
      outcome: "refused",
      refusal: "another approval is open",
    });
  });

  it("a yes that nobody has had admits the next attempt of that service and address, once, while it lasts", async () => {
    const node = await startNode({ url: await databases.create() });
    const { id } = await askAndAnswer(node, login, "approve");
    expect(await node.approvals.ask({ ...login, ...unanswered })).toMatchObject({ outcome: "asked" });
    node.clock.pass(60 * secondMs - 1);
    await node.approvals.sweep();
    const rows = await node.store.all(sql`SELECT id FROM approvals WHERE state = 'approved' AND taken_at IS NULL`);
    expect(rows).toEqual([{ id }]);
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "joined", approval: { id, state: "approved" } });
    node.clock.pass(60 * secondMs);
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "asked" });
  });

  it("a yes that somebody has had, or that is too old, admits nobody else", async () => {
    const node = await startNode({ url: await databases.create() });
    const { id } = await askAndAnswer(node, login, "approve");
    await node.approvals.take(id);
    const next = await askAndAnswer(node, login, "approve");
    expect(next.id).not.toBe(id);
    node.clock.pass(60 * secondMs);
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "asked" });
  });

  it("the first decision counts, from whichever node", async () => {
    const url = await databases.create();
    const [one, other] = [await startNode({ url }), await startNode({ url })];
    await one.approvals.ask(login);
    await one.work();
    const link = linkOf(one);
    const decided = await Promise.all([one.approvals.decide(link, "approve"), other.approvals.decide(link, "reject")]);
    expect(decided.map(({ outcome }) => outcome).sort()).toEqual(["decided", "too late"]);
    const states = decided.map((each) => "approval" in each && each.approval.state);
    expect(new Set(states).size).toBe(1);
  });

  it("takes no token that is another approval's, another channel's, or made up", async () => {
    const node = await startNode({ url: await databases.create() });
    await node.approvals.ask({ ...login, username: "bob" });
    await node.work();
    const others = linkOf(node);
    await node.approvals.ask(login);
    await node.work();
    const link = linkOf(node);
    for (const forged of [
      { ...link, token: others.token },
      { ...link, channel: "mail" },
      { ...link, token: `${link.token}A` },
      { ...link, token: link.token.slice(1) },
      { ...link, token: "" },
      { ...link, id: others.id },
      { ...link, id: "no-such-id" },
    ]) {
      expect(await node.approvals.decide(forged, "approve")).toEqual({ outcome: "invalid link" });
      expect(await node.approvals.ofLink(forged)).toBeUndefined();
    }
    expect(await node.approvals.get(link.id)).toMatchObject({ state: "pending" });
  });

  it("gives its link to no event but the one that asks", async () => {
    const node = await startNode({ url: await databases.create() });
    const { id } = approvalOf(await node.approvals.ask(login));
    const forged = { type: "approval.requested", severity: "medium", subject: "alice", source: "notify" } as const;
    await node.log.append({ ...forged, data: { approval: id } });
    await node.work();
    expect(node.phone.messages.map(({ actions }) => actions.length).sort()).toEqual([0, 1]);
  });

  it("is expired when its person was told and did not answer", async () => {
    const node = await startNode({ url: await databases.create() });
    const { id } = approvalOf(await node.approvals.ask(login));
    await node.work();
    const link = linkOf(node);
    node.clock.pass(60 * secondMs);
    expect(await node.approvals.decide(link, "approve")).toMatchObject({
      outcome: "too late",
      approval: { state: "expired" },
    });
    expect(await node.approvals.get(id)).toMatchObject({ state: "expired", decidedAt: node.clock.now });
    expect(await node.types()).toEqual(["approval.requested", "approval.unanswered"]);
    expect(await outcomes(node)).toEqual({ expired: 1 });
  });

  it("is unavailable at once when no channel takes the message, and when no route has one for it", async () => {
    const node = await startNode({ url: await databases.create() });
    node.phone.answer = () => ({ status: "failed", reason: "no such topic" });
    const { id } = approvalOf(await node.approvals.ask(login));
    const waiting = node.approvals.wait(id, 60_000);
    expect(await node.approvals.sweep()).toBe(0);
    await node.work();
    expect(await node.approvals.sweep()).toBe(1);
    expect(await waiting).toMatchObject({ state: "unavailable" });

    const routes = [{ match: { subject: "bob" }, channels: ["phone"] }];
    const nobody = await startNode({ url: await databases.create(), routes });
    const unrouted = approvalOf(await nobody.approvals.ask(login));
    expect(await nobody.approvals.sweep()).toBe(0);
    await nobody.work();
    expect(await nobody.approvals.sweep()).toBe(1);
    expect(await nobody.approvals.get(unrouted.id)).toMatchObject({ state: "unavailable" });
    expect(await nobody.types()).toEqual(["approval.requested", "approval.undeliverable"]);
  });

  it("is unavailable at its end when the channel had not taken the message until then", async () => {
    const node = await startNode({ url: await databases.create(), retries: ["0s", "1h"] });
    node.phone.answer = () => ({ status: "retry", reason: "away" });
    const { id } = approvalOf(await node.approvals.ask(login));
    await node.work();
    expect(await node.approvals.sweep()).toBe(0);
    node.clock.pass(60 * secondMs);
    expect(await node.approvals.sweep()).toBe(1);
    expect(await node.approvals.get(id)).toMatchObject({ state: "unavailable" });
  });

  it("asks again after a night in which nothing ran that would have ended the last one", async () => {
    const node = await startNode({ url: await databases.create() });
    await node.approvals.ask(login);
    node.clock.pass(12 * hourMs);
    expect(await node.approvals.ask({ ...login, ...unanswered })).toMatchObject({ outcome: "asked" });
  });

  it("sends a message at once although its route waits, and none that came too late to be answered", async () => {
    const routes = [{ match: { type: "approval.requested" }, channels: ["phone"], digest: "1h" }];
    const node = await startNode({ url: await databases.create(), routes });
    await node.approvals.ask(login);
    await node.work();
    expect(node.phone.take()).toHaveLength(1);
    await node.approvals.ask({ ...login, username: "bob" });
    node.clock.pass(60 * secondMs);
    await node.work();
    expect(node.phone.take()).toEqual([]);
  });

  it("asks one user so often within an hour and no more", async () => {
    const node = await startNode({ url: await databases.create(), limits: { perHour: 3 } });
    const begin = node.clock.now;
    for (let count = 0; count < 3; count += 1) {
      await node.approvals.take((await askAndAnswer(node, login, "approve")).id);
      node.clock.pass(secondMs);
    }
    const refused = { outcome: "refused", refusal: "asked too often", retryAt: begin + hourMs };
    expect([await node.approvals.ask(login), await node.approvals.ask(login)]).toEqual([refused, refused]);
    const summary =
      "alice was to be asked about more than 3 logins within an hour, from 192.0.2.7 (ldap) last: somebody with the password keeps trying";
    const { events } = await node.log.query({ types: ["approval.flooded"] });
    expect(events).toMatchObject([{ severity: "high", subject: "alice", audit: true, data: { summary, perHour: 3 } }]);
    expect(await outcomes(node)).toEqual({ approved: 3, refused: 2 });
    node.clock.pass(begin + hourMs - node.clock.now);
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "asked" });
  });

  it("two rejections lock the user for an hour", async () => {
    const node = await startNode({ url: await databases.create() });
    await askAndAnswer(node, login, "reject");
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "asked" });
    await node.work();
    await node.approvals.decide(linkOf(node), "reject");
    expect(await node.approvals.ask(login)).toEqual({
      ...{ outcome: "refused", refusal: "locked" },
      retryAt: node.clock.now + hourMs,
    });
    const { events } = await node.log.query({ types: ["approval.locked"] });
    expect(events.map(({ severity, subject, audit, data }) => ({ severity, subject, audit, data }))).toEqual([
      {
        ...{ severity: "high", subject: "alice", audit: true },
        data: {
          ...{ realm: login.realm, service: login.service, address: login.address },
          ...{ reason: "rejected too often", until: new Date(node.clock.now + hourMs).toISOString() },
          summary:
            "alice has said no to 2 logins within an hour and is not asked again for an hour: somebody may have the password",
          fix: "Ask them whether it was them that tried, and have the password changed if not. `espalier notify approvals unlock` lets them be asked again.",
        },
      },
    ]);
    node.clock.pass(hourMs);
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "asked" });
  });

  it("`not me` refuses the login, says so in a critical event, and stops further pushes until an administrator unlocks", async () => {
    const node = await startNode({ url: await databases.create() });
    const { id } = await askAndAnswer(node, login, "not-me");
    expect(await node.approvals.get(id)).toMatchObject({ state: "rejected", isDisowned: true });
    const { events } = await node.log.query({ types: ["approval.not-me"] });
    expect(events).toMatchObject([
      { severity: "critical", subject: "alice", audit: true, data: { address: login.address } },
    ]);
    expect((await node.log.query({ types: ["approval.locked"] })).events).toMatchObject([
      {
        severity: "high",
        data: { reason: "not me", summary: "alice is not asked about logins for 1d: one was somebody else" },
      },
    ]);
    const retryAt = node.clock.now + limits.lockAfterNotMe;
    expect(await node.approvals.ask(login)).toEqual({ outcome: "refused", refusal: "locked", retryAt });
    await node.work();
    expect(node.phone.messages).toHaveLength(1);

    const unlock = { username: "Alice", actor: "root", now: node.clock.now };
    expect(await unlockApprovals(node.store, node.log, unlock)).toBe(1);
    expect(await unlockApprovals(node.store, node.log, unlock)).toBe(0);
    expect((await node.log.query({ types: ["approval.unlocked"] })).events).toMatchObject([
      { subject: "Alice", actor: "root" },
    ]);
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "asked" });
  });

  it("`not me` counts afterwards, too: a yes that nobody has had admits nobody then", async () => {
    const node = await startNode({ url: await databases.create() });
    await askAndAnswer(node, login, "approve");
    const link = linkOf(node);
    expect(await node.approvals.decide(link, "not-me")).toMatchObject({
      outcome: "disowned",
      approval: { state: "approved", isDisowned: true },
    });
    expect(await node.approvals.decide(link, "not-me")).toMatchObject({ outcome: "too late" });
    await unlockApprovals(node.store, node.log, { username: "alice", actor: "root", now: node.clock.now });
    expect(await node.approvals.ask(login)).toMatchObject({ outcome: "asked" });
  });

  it("forgets the old ones, and goes on leaving a user alone", async () => {
    const clock = new Clock();
    const node = await startNode({ url: await databases.create(), clock, limits: { lockAfterNotMe: 48 * hourMs } });
    await askAndAnswer(node, login, "not-me");
    await askAndAnswer(node, { ...login, username: "bob" }, "approve");
    clock.pass(24 * hourMs + 1);
    await node.approvals.forget();
    expect(await node.store.all(sql`SELECT id FROM approvals`)).toEqual([]);
    expect(await node.store.all(sql`SELECT user_key, lock_reason FROM approval_users`)).toEqual([
      { user_key: "alice", lock_reason: "not me" },
    ]);
    expect(await node.approvals.ask(login)).toMatchObject({ refusal: "locked" });
  });

  it("lets those go who wait when it closes", async () => {
    const node = await startNode({ url: await databases.create() });
    const { id } = approvalOf(await node.approvals.ask(login));
    const waiting = node.approvals.wait(id, 60_000);
    node.approvals.close();
    expect(await waiting).toMatchObject({ state: "pending" });
    expect(await node.approvals.wait(id, 60_000)).toMatchObject({ state: "pending" });
  });

  it("knows nothing of an id that is nobody's", async () => {
    const node = await startNode({ url: await databases.create() });
    expect([await node.approvals.get("x"), await node.approvals.wait("x", 60_000)]).toEqual([undefined, undefined]);
  });
});

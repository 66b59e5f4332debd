/** A server that is lost while it has a write: reported, noted, and never sent again. */
import { attribute } from "@espalier/ldap";
import {
  createCertificateAuthority,
  Relay,
  requirePrograms,
  startSlapd,
  startSlapdMirror,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import type { EntryChange } from "../../src/changes/change-set.ts";
import type { Cluster } from "../../src/clusters/cluster.ts";
import type { NodeConnection } from "../../src/clusters/node-connection.ts";
import { annDn, type ChangesLab, changesLab, clusterOf, Directory, directoryLdif } from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const retitle = (title: string): EntryChange => ({
  ...{ type: "modify", dn: annDn },
  changes: [{ operation: "replace", modification: attribute("title", title) }],
});

/** The cluster, which tells when a write is under way; `onLent` is called right before it is sent. */
function observed(cluster: Cluster, onLent = () => {}): { readonly cluster: Cluster; sent(): Promise<unknown> } {
  let used: NodeConnection | undefined;
  const proxy = new Proxy(cluster, {
    get(target, name) {
      if (name !== "write") {
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      }
      const write: Cluster["write"] = (identity, work, options) =>
        target.write(
          identity,
          (connection) => {
            used = connection;
            onLent();
            return work(connection);
          },
          options,
        );
      return write;
    },
  });
  return { cluster: proxy, sent: () => until("the write to be sent", () => (used?.writesSent ?? 0) > 0) };
}

async function warm(lab: ChangesLab): Promise<void> {
  const { counts } = await lab.changes.apply(lab.cluster, lab.actor(), { title: "warm", changes: [retitle("Cook")] });
  expect(counts.applied).toBe(1);
}

describe("a write whose server is lost", () => {
  it("is reported as in doubt, noted so, and what follows is not tried", async () => {
    const slapd = await startSlapd({ ldif: directoryLdif });
    onTestFinished(() => slapd[Symbol.asyncDispose]());
    const lab = await changesLab({ server: slapd });
    await warm(lab);
    slapd.process.suspend();
    await slapd.process.suspended();
    const { cluster, sent } = observed(lab.cluster);
    const applied = lab.changes.apply(cluster, lab.actor(), {
      ...{ title: "doubtful", changes: [retitle("Director"), retitle("Queen")] },
    });
    await sent();
    await slapd.process.kill();
    const { results, counts, id } = await applied;
    expect(results.map(({ status, problem }) => [status, problem?.code])).toEqual([
      ["in_doubt", "in_doubt"],
      ["not_tried", undefined],
    ]);
    expect(counts).toEqual({ applied: 0, conflict: 0, failed: 0, in_doubt: 1, not_tried: 1 });
    const events = (await lab.audit()).slice(1);
    expect(
      events.map(({ type, severity, data }) => [type, severity, data?.status, data?.node, data?.result_code]),
    ).toEqual([["change.failed", "medium", "in_doubt", "ldap1", null]]);
    expect(await lab.changes.store.get(id)).toMatchObject({ in_doubt: 1, not_tried: 1, applied: 0 });
    await slapd.restart();
    await using directory = await Directory.open(slapd);
    expect(["Cook", "Director"]).toContain((await directory.values(annDn, "title"))[0]);
  });

  it("is not sent to another node, though every node takes writes; what was not sent is", async () => {
    const files = await temporaryDirectory("changes");
    onTestFinished(() => files[Symbol.asyncDispose]());
    const authority = await createCertificateAuthority(files.path);
    const mirror = await startSlapdMirror({
      ...{ ldif: directoryLdif, nodes: 2, logsOperations: true },
      certificate: await authority.issue("mirror", ["127.0.0.1"]),
    });
    onTestFinished(() => mirror[Symbol.asyncDispose]());
    const [first, second] = mirror.nodes;
    const relay = await Relay.start(first!.port);
    onTestFinished(() => relay[Symbol.asyncDispose]());
    const lab = await changesLab({
      server: first!,
      cluster: { ...clusterOf(relay, second!), multi_master: true },
    });
    await warm(lab);
    await mirror.agreed();
    const modifications = () => mirror.nodes.map(({ process }) => process.log.split("MOD dn=").length - 1);
    const before = modifications();
    const { cluster, sent } = observed(lab.cluster, () => relay.blackHole());
    const applied = lab.changes.apply(cluster, lab.actor(), { title: "doubtful", changes: [retitle("Director")] });
    await sent();
    relay.reset();
    const { results } = await applied;
    expect(results.map(({ status }) => status)).toEqual(["in_doubt"]);
    expect(modifications()).toEqual(before);
    // The next one finds no first node, and nothing of it was sent there.
    const next = await lab.changes.apply(lab.cluster, lab.actor(), { title: "next", changes: [retitle("Queen")] });
    expect([next.node, next.counts.applied]).toEqual(["ldap2", 1]);
    await mirror.agreed();
    await using directory = await Directory.open(first!);
    expect(await directory.values(annDn, "title")).toEqual(["Queen"]);
  }, 60_000);

  it("that was not sent, since no node answers, has failed, and nothing of it is in doubt", async () => {
    const slapd = await startSlapd({ ldif: directoryLdif });
    onTestFinished(() => slapd[Symbol.asyncDispose]());
    const lab = await changesLab({ server: slapd });
    await warm(lab);
    await slapd.process.kill();
    const { results } = await lab.changes.apply(
      ...([lab.cluster, lab.actor(), { title: "late", changes: [retitle("Director"), retitle("Queen")] }] as const),
      { continues: true },
    );
    expect(results.map(({ status, problem }) => [status, problem?.code])).toEqual([
      ["failed", "unavailable"],
      ["not_tried", undefined],
    ]);
    expect((await lab.audit()).at(-1)?.data).toMatchObject({ status: "failed", problem: "unavailable" });
  });
});

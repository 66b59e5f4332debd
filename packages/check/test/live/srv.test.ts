/** Servers by the SRV records of their domain (RFC 2782). */
import { describe, expect, it } from "vitest";
import { serversOf } from "../../src/live/srv.ts";
import type { NodeTarget } from "../../src/live/targets.ts";

const domain: NodeTarget = {
  ...{ group: "proxy", name: "example.com", host: "example.com", port: 636, isSrv: true, isReplica: true },
  ...{ security: "ldaps", verification: "on", caFiles: [] },
};
const signal = new AbortController().signal;

describe("a domain", () => {
  it("is the servers that its records name, each by its own name", async () => {
    const asked: string[] = [];
    const { nodes, failure } = await serversOf(domain, signal, async (name) => {
      asked.push(name);
      return [
        { name: "ldap1.example.com", port: 636 },
        { name: "ldap2.example.com", port: 1_636 },
      ];
    });
    expect(asked).toEqual(["_ldaps._tcp.example.com"]);
    expect(failure).toBeUndefined();
    expect(nodes).toEqual([
      { ...domain, host: "ldap1.example.com", name: "ldap1.example.com:636", port: 636, isSrv: false },
      { ...domain, host: "ldap2.example.com", name: "ldap2.example.com:1636", port: 1_636, isSrv: false },
    ]);
  });

  it("that does not offer the service, or whose name service fails or hangs, is told as such", async () => {
    const offersNothing = await serversOf(domain, signal, async () => [{ name: "", port: 0 }]);
    expect(offersNothing).toEqual({
      nodes: [],
      failure: { target: domain, reason: "there are no SRV records _ldaps._tcp.example.com" },
    });
    const away = Object.assign(new Error("querySrv ENOTFOUND"), { code: "ENOTFOUND" });
    const unknown = await serversOf(domain, signal, () => Promise.reject(away));
    expect(unknown.failure?.reason).toBe("its name is not known (ENOTFOUND)");
    const hanging = await serversOf(domain, AbortSignal.timeout(20), () => new Promise(() => undefined));
    expect(hanging.failure?.reason).toBe("it did not answer in time");
  });

  it("that is a server is that server", async () => {
    const server = { ...domain, isSrv: false };
    expect(await serversOf(server, signal, () => Promise.reject(new Error("not asked")))).toEqual({ nodes: [server] });
  });
});

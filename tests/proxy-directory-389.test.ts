/** The proxy in front of a real 389 Directory Server, which does not bear several requests at a time on a connection. */
import { LdapClient } from "@espalier/ldap/client";
import { expect, it } from "vitest";
import { requirePrograms, startDirectory389, startProxy, until } from "./lab/index.ts";

const describe = requirePrograms({ "ns-slapd": "389-ds-base" });
const sharedOtherwise = 4;

describe("the proxy in front of 389 Directory Server", () => {
  it("sends what eight strangers ask over more connections than elsewhere, so that nobody's answer is held back", async () => {
    await using server = await startDirectory389();
    await using proxy = await startProxy({ configuration: { tiers: [{ backends: [server.url] }] } });
    await using clients = new AsyncDisposableStack();
    let isOver = false;
    const ask = async () => {
      const client = clients.use(await LdapClient.connect({ url: proxy.url }));
      while (!isOver) {
        const { entries } = await client.searchAll({ baseObject: server.baseDn, scope: "baseObject" });
        expect(entries.map(({ objectName }) => objectName)).toEqual([server.baseDn]);
      }
    };
    const asking = Promise.all(Array.from({ length: 8 }, ask));
    const connections = () => proxy.metric("espalier_proxy_backend_connections");
    const more = until("more connections", async () => ((await connections()) ?? 0) > sharedOtherwise);
    await Promise.race([more, asking]);
    isOver = true;
    await asking;
  });
});

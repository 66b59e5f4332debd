import { clusterNodes } from "@espalier/service";
import { requirePrograms, startSlapd, until } from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import { NodeEndpoint } from "../../src/clusters/node-endpoint.ts";
import { NodePools } from "../../src/clusters/node-pools.ts";
import { loadClusterTls } from "../../src/clusters/tls-files.ts";
import { administrator, configOf, directory } from "./watched.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

describe("the connections to a node", () => {
  it("are lent again at once while the node is well, and asked first once one of them was lost", async () => {
    const slapd = await startSlapd({ ldif: directory("ann"), logsOperations: true });
    onTestFinished(() => slapd[Symbol.asyncDispose]());
    const config = configOf({ host: "127.0.0.1", port: slapd.port });
    const [node] = clusterNodes(config);
    const pools = new NodePools(new NodeEndpoint(node!, config, await loadClusterTls(config)), config.pool);
    onTestFinished(() => pools.close());
    const lend = () => pools.lend(administrator(slapd), "write", undefined);
    // Another, whose place in the log tells that everything before it is there.
    const questions = async (mark: string) => {
      const { client, release } = await lend();
      await client.searchAll({ baseObject: slapd.baseDn, scope: "baseObject", filter: `(description=${mark})` });
      release();
      await until("the log", () => slapd.process.log.includes(mark));
      return slapd.process.log.split('SRCH base="" scope=0').length;
    };
    const [one, other] = [await lend(), await lend()];
    other.release();
    const before = await questions("while-it-is-well");
    one.client.destroy();
    one.release();
    expect([await questions("once-one-was-lost"), await questions("and-well-again")]).toEqual([before + 1, before + 1]);
  });
});

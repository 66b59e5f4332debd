import { it } from "vitest";
import { fillSqlite, person, startGateway, startProxy, temporaryDirectory, Wire } from "./lab/index.ts";
it("q", async () => {
  await using d = await temporaryDirectory("q");
  await using g = await startGateway({ environment: fillSqlite(d.file("p.db"), { users: Array.from({length: 500}, (_, i) => person(`u${i}`, 2000 + i)), groups: [] }) });
  await using p = await startProxy({ configuration: { upstream: { maxPending: 1 }, tiers: [{ backends: [{ name: "g", url: g.url }] }] } });
  const search = { type: "searchRequest", baseObject: "dc=example,dc=com", scope: "wholeSubtree", derefAliases: "neverDerefAliases", sizeLimit: 0, timeLimit: 0, typesOnly: false, filter: { type: "present", attribute: "objectClass" }, attributes: [] } as const;
  for (let r = 0; r < 3; r++) {
    using w = await Wire.connect(p.url);
    const answers = await Promise.all(Array.from({ length: 20 }, () => w.request(search)));
    console.log(answers.length, await p.metric("espalier_proxy_queue_duration_seconds_count"), await p.metric("espalier_proxy_operations_total"));
  }
});

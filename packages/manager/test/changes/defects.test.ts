/** What the system that this one replaces did wrong when it wrote. The passwords it kept in clear are in passwords.test.ts. */
import { requirePrograms, type Slapd, startSlapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { changesLab, clusterOf, Directory, directoryLdif } from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

describe("writing, where it was broken", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());

  it("an edit of the surname alone keeps every other value, and stores nothing for fields that are empty", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({
      ...{ mail: ["a@x", "b@x"], employeeNumber: ["19000"], userPassword: ["{SSHA}x"] },
    });
    const before = await directory.image(dn);
    const fields = { cn: ["Ann Lee", "Annie"], mail: ["a@x", "b@x"], userPassword: [{ hidden: true, scheme: "SSHA" }] };
    const saved = await lab.request("PATCH", "/clusters/main/entry", {
      ...{ dn, read: { ...fields, sn: ["Lee"], title: [] } },
      wanted: { ...fields, sn: ["Leigh"], title: [] },
    });
    expect(saved.body.status).toBe("applied");
    expect(await directory.image(dn)).toEqual({ ...before, sn: ["Leigh"] });
  });

  it("text goes into the directory as it was typed", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const description = ["5 < 6 & 7", "<script>", "P<ss&w0rd"];
    await lab.request("PATCH", "/clusters/main/entry", { dn, read: {}, wanted: { description } });
    expect(await directory.values(dn, "description")).toEqual([...description].sort());
  });

  it("the status says whose fault it is: a read-only cluster, one that is not there, an entry that is not there", async () => {
    const lab = await changesLab({ server: slapd, cluster: { ...clusterOf(slapd), readonly: true } });
    const dn = await directory.person();
    const form = { dn, read: { sn: ["Lee"] }, wanted: { sn: ["Lea"] } };
    const statusOf = async (path: string, body: object = form) => {
      const answer = await lab.request("PATCH", path, body);
      return [answer.status, answer.body.code];
    };
    expect(await statusOf("/clusters/main/entry")).toEqual([403, "read_only"]);
    expect(await statusOf("/clusters/other/entry")).toEqual([404, "no_such_cluster"]);
    expect(await statusOf("/clusters/main/entry", { dn })).toEqual([400, "invalid_request"]);
    expect(await directory.values(dn, "sn")).toEqual(["Lee"]);
  });

  it("every try is in a stored trail that nobody can change unseen, with its actor, address and values, failures too", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const form = { dn, read: { sn: ["Lee"] }, wanted: { sn: ["Lea"] } };
    await lab.request("PATCH", "/clusters/main/entry", form);
    await lab.request("PATCH", "/clusters/main/entry", form);
    const events = await lab.audit();
    expect(events.map(({ type, actor, data }) => [type, actor, data?.address, data?.before])).toEqual([
      ["entry.modified", slapd.rootDn, "127.0.0.1", { sn: ["Lee"] }],
      ["change.failed", slapd.rootDn, "127.0.0.1", undefined],
    ]);
    expect(await lab.log.verifyChain()).toMatchObject({ isWhole: true, links: 2 });
  });
});

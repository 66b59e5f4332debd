/** Changes over a real 389 Directory Server, which cannot assert what was read: values that are deleted by name, and a look before. */
import { attribute, type Change } from "@espalier/ldap";
import { requirePrograms, type Slapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Directory389, startDirectory389 } from "../../../../tests/lab/directory-389.ts";
import { baseDn, changesLab, Directory, directoryLdif } from "./lab.ts";

const describe = requirePrograms({ "ns-slapd": "389-ds-base", ldapsearch: "ldap-utils" });

const path = "/clusters/main/entry";

describe("changes of 389 Directory Server", () => {
  let cleanup: AsyncDisposableStack;
  let server: Directory389;
  let directory: Directory;
  const lab = () => changesLab({ server: server as unknown as Slapd });
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    server = cleanup.use(await startDirectory389({ ldif: directoryLdif }));
    directory = cleanup.use(await Directory.open(server));
  });
  afterAll(() => cleanup.disposeAsync());

  it("are single values, a new spelling too, and are noted with what was before", async () => {
    const { request, audit } = await lab();
    const photo = Buffer.from("ffd8ff00", "hex");
    const dn = await directory.person({ mail: ["a@x", "b@x"], jpegPhoto: [photo], "description;x-own": ["d"] });
    const read = { mail: ["a@x", "b@x"], cn: ["Ann Lee", "Annie"], jpegPhoto: [{ base64: photo.toString("base64") }] };
    expect((await request("PATCH", path, { dn, read, wanted: { ...read, mail: ["b@x", "a@x"] } })).body.status).toBe(
      "unchanged",
    );
    const wanted = { mail: ["B@X"], cn: ["ANN LEE", "Annie"] };
    const saved = await request("PATCH", path, {
      dn,
      version: await directory.version(dn, "modifyTimestamp"),
      read,
      wanted,
    });
    expect([saved.status, saved.body.version]).toEqual([200, await directory.version(dn, "modifyTimestamp")]);
    expect([await directory.values(dn, "mail"), await directory.values(dn, "cn")]).toEqual([
      ["B@X"],
      ["ANN LEE", "Annie"],
    ]);
    expect([await directory.values(dn, "jpegPhoto"), await directory.values(dn, "description;x-own")]).toEqual([
      [],
      ["d"],
    ]);
    expect((await audit())[0]?.data).toMatchObject({ before: { mail: ["a@x", "b@x"] }, after: { mail: ["B@X"] } });
    const undone = await request("POST", `/changes/${saved.body.changeSet}/undo`);
    expect([undone.status, await directory.values(dn, "mail"), await directory.values(dn, "jpegPhoto")]).toEqual([
      ...[200, ["a@x", "b@x"], ["ffd8ff00"]],
    ]);
  });

  it("of what somebody else has changed are conflicts, by version and by value", async () => {
    const { request } = await lab();
    const dn = await directory.person({ jpegPhoto: [Buffer.from("ffd8ff01", "hex")] });
    const old = { dn, version: "20200101000000Z", read: { sn: ["Lee"] }, wanted: { sn: ["Lea"] } };
    const byVersion = await request("PATCH", path, old);
    expect([byVersion.status, byVersion.body.code, byVersion.body.details.mergeable]).toEqual([409, "conflict", true]);
    await directory.modify(dn, "replace", "sn", "Leigh");
    const byValue = await request("PATCH", path, { dn, read: { sn: ["Lee"] }, wanted: { sn: ["Lea"] } });
    expect([byValue.status, byValue.body.details.attributes[0].theirs]).toEqual([409, ["Leigh"]]);
    // What has no equality rule is replaced as a whole: it is looked at first.
    const json = (hex: string) => [{ base64: Buffer.from(hex, "hex").toString("base64") }];
    const photo = await request("PATCH", path, {
      dn,
      read: { jpegPhoto: json("ffd8ff09") },
      wanted: { jpegPhoto: json("ffd8ff02") },
    });
    expect([photo.status, await directory.values(dn, "jpegPhoto")]).toEqual([409, ["ffd8ff01"]]);
  });

  it("of passwords are hashed by the server, and undoing leaves them", async () => {
    const { changes, cluster, actor } = await lab();
    const dn = `uid=fresh,ou=people,${baseDn}`;
    const attributes = [
      ...[
        attribute("objectClass", "inetOrgPerson"),
        attribute("uid", "fresh"),
        attribute("cn", "F"),
        attribute("sn", "F"),
      ],
      attribute("userPassword", "first-password"),
    ];
    await changes.apply(cluster, actor(), { title: "x", changes: [{ type: "add", dn, attributes }] });
    expect(await directory.values(dn, "userPassword")).toEqual([expect.stringMatching(/^\{PBKDF2/)]);
    expect(await directory.accepts(dn, "first-password")).toBe(true);
  });

  it("can be undone where entries were deleted and renamed", async () => {
    const { changes, cluster, actor, request } = await lab();
    const dn = await directory.person({ mail: ["a@x"], "cn;lang-de": ["Änn"] });
    const before = await directory.image(dn);
    const other = await directory.person();
    const replaced: Change = { operation: "replace", modification: attribute("sn", "New") };
    const { id, counts } = await changes.apply(cluster, actor(), {
      title: "x",
      changes: [
        { type: "delete", dn },
        { type: "modifyDn", dn: other, newRdn: "uid=other389", deleteOldRdn: true },
        { type: "modify", dn: `uid=other389,ou=people,${baseDn}`, changes: [replaced] },
      ],
    });
    expect(counts.applied).toBe(3);
    const undone = await request("POST", `/changes/${id}/undo`);
    expect([undone.status, undone.body.counts?.applied, undone.body.title]).toEqual([200, 3, undefined]);
    expect([await directory.image(dn), await directory.values(other, "sn")]).toEqual([before, ["Lee"]]);
  });
});

/** Saving a form over a real OpenLDAP: what is sent, what is answered, and what the audit trail has of it. */
import { attribute } from "@espalier/ldap";
import { requirePrograms, type Slapd, startSlapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { baseDn, changesLab, Directory, directoryLdif, person, sessionOf } from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const form = (dn: string, read: object, wanted: object, more: object = {}) => ({ dn, read, wanted, ...more });
const path = "/clusters/main/entry";

describe("saving a form", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif, logsOperations: true }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());

  const read = { cn: ["Ann Lee", "Annie"], sn: ["Lee"] };

  it("sends nothing where nothing was edited, in whatever order the values come back", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const before = await directory.version(dn);
    const answer = await lab.request("PATCH", path, form(dn, read, { sn: ["Lee"], cn: ["Annie", "Ann Lee"] }));
    expect(answer).toEqual({ status: 200, body: { status: "unchanged" } });
    expect(await directory.version(dn)).toBe(before);
    expect(await lab.audit()).toEqual([]);
  });

  it("changes one value of an attribute and keeps the others, and says what it sent and where", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({ mail: ["a@example.com", "b@example.com"] });
    const version = await directory.version(dn);
    const { status, body } = await lab.request(
      "PATCH",
      path,
      form(dn, { mail: ["a@example.com", "b@example.com"] }, { mail: ["b@example.com", "c@example.com"] }, { version }),
    );
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        ...{ status: "applied", changeSet: expect.any(String), node: "ldap1" },
        version: await directory.version(dn),
        ldif: `dn: ${dn}\nchangetype: modify\ndelete: mail\nmail: a@example.com\n-\nadd: mail\nmail: c@example.com\n-\n`,
      },
    });
    expect(await directory.values(dn, "mail")).toEqual(["b@example.com", "c@example.com"]);
    expect(await directory.values(dn, "cn")).toEqual(["Ann Lee", "Annie"]);
  });

  it("notes who changed what, from where, on which node, and what it was before", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const { body } = await lab.request("PATCH", path, form(dn, read, { ...read, cn: ["Ann Lee", "Anna"] }));
    const [event, ...others] = await lab.audit();
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      ...{ type: "entry.modified", severity: "info", source: "manager", subject: dn, actor: slapd.rootDn, audit: true },
      data: {
        ...{ cluster: "main", node: "ldap1", address: "127.0.0.1", request_id: expect.any(String) },
        ...{ change_set: body.changeSet, title: `Change ${dn}`, kind: "modify", status: "applied" },
        ldif: `dn: ${dn}\nchangetype: modify\ndelete: cn\ncn: Annie\n-\nadd: cn\ncn: Anna\n-\n`,
        ...{ before: { cn: ["Ann Lee", "Annie"] }, after: { cn: ["Ann Lee", "Anna"] } },
        ...{ result_code: 0, result_name: "success" },
      },
    });
    const counted = (await lab.metrics.text()).match(/^espalier_manager_changes_total.*$/gm);
    expect(counted).toEqual(['espalier_manager_changes_total{directory="main",type="modify",status="applied"} 1']);
  });

  it("takes a new spelling for a change, also of the value that names the entry", async () => {
    const lab = await changesLab({ server: slapd });
    const own = await directory.person({ cn: ["Ann"] });
    const [uid = ""] = await directory.values(own, "uid");
    const wanted = { cn: ["ANN"], uid: [uid.toUpperCase()] };
    expect((await lab.request("PATCH", path, form(own, { cn: ["Ann"], uid: [uid] }, wanted))).status).toBe(200);
    expect([await directory.values(own, "cn"), await directory.values(own, "uid")]).toEqual([
      ["ANN"],
      [uid.toUpperCase()],
    ]);
  });

  it("says to rename the entry where its name would lose its value", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const uid = await directory.values(dn, "uid");
    const { status, body } = await lab.request("PATCH", path, form(dn, { uid }, { uid: ["other"] }));
    expect(status).toBe(422);
    expect(body).toMatchObject({
      ...{ code: "refused_by_directory", title: "The entry is named by this value: rename the entry instead." },
      ldap: { code: 64, name: "namingViolation", node: "ldap1" },
    });
  });

  it("previews as LDIF with warnings, and sends nothing", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const { status, body } = await lab.request(
      "PATCH",
      path,
      form(dn, read, { cn: ["Ann Lee", "Annie"] }, { preview: true }),
    );
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        status: "previewed",
        ldif: `dn: ${dn}\nchangetype: modify\ndelete: sn\nsn: Lee\n-\n`,
        warnings: [`${dn} is left without sn, which its object classes demand.`],
      },
    });
    expect(await directory.values(dn, "sn")).toEqual(["Lee"]);
    expect(await lab.audit()).toEqual([]);
  });

  it("adds an object class together with the attributes that it demands", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const wanted = {
      objectClass: ["inetOrgPerson", "posixAccount"],
      ...{ uidNumber: ["1000"], gidNumber: ["1000"], homeDirectory: ["/home/ann"] },
    };
    expect((await lab.request("PATCH", path, form(dn, { objectClass: ["inetOrgPerson"] }, wanted))).status).toBe(200);
    expect(await directory.values(dn, "objectClass")).toEqual(["inetOrgPerson", "posixAccount"]);
    expect(await directory.values(dn, "homeDirectory")).toEqual(["/home/ann"]);
  });

  it("keeps bytes as they are, replaces photos as a whole, and hides no value that is not secret", async () => {
    const lab = await changesLab({ server: slapd });
    const photo = Buffer.from("ffd8ff00ff", "hex");
    const dn = await directory.person({ jpegPhoto: [photo] });
    const other = Buffer.from("ffd8ff0102", "hex");
    const json = (bytes: Buffer) => [{ base64: bytes.toString("base64") }];
    const saved = await lab.request("PATCH", path, form(dn, { jpegPhoto: json(photo) }, { jpegPhoto: json(other) }));
    expect(saved.status).toBe(200);
    expect(await directory.values(dn, "jpegPhoto")).toEqual(["ffd8ff0102"]);
    expect((await lab.audit())[0]?.data).toMatchObject({
      before: { jpegPhoto: json(photo) },
      after: { jpegPhoto: json(other) },
    });
  });

  it("is refused without a role, tells nobody else, and is noted all the same", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const viewer = sessionOf(person("cn=viewer", "x"), { actions: ["read"], name: "viewer" });
    const change = { type: "modify", dn, changes: [{ operation: "delete", attribute: "sn" }] };
    const answer = await lab.request("POST", "/clusters/main/changes", { changes: [change] }, viewer);
    expect([answer.status, answer.body.code]).toEqual([403, "not_allowed"]);
    await lab.log.close();
    expect((await lab.audit()).map(({ type, actor, data }) => [type, actor, data?.problem, data?.ldif])).toEqual([
      ["change.failed", "viewer", "not_allowed", `dn: ${dn}\nchangetype: modify\ndelete: sn\n-\n`],
    ]);
  });

  it("acts as whoever is signed in: the directory's own rules hold, and its refusal is noted", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const ann = sessionOf(person(`uid=ann,ou=people,${baseDn}`, "pw-ann"));
    const answer = await lab.request("PATCH", path, form(dn, { sn: ["Lee"] }, { sn: ["Lea"] }), ann);
    expect([answer.status, answer.body.code, answer.body.ldap.name]).toEqual([
      ...[403, "not_allowed", "insufficientAccessRights"],
    ]);
    expect(
      (await lab.audit()).map(({ type, data }) => [type, data?.result_code, data?.result_name, data?.status]),
    ).toEqual([["change.failed", 50, "insufficientAccessRights", "failed"]]);
  });

  it("does not let what is not an attribute description, or a DN, near the directory", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const bad = [
      [dn, { "sn\nadd: x": ["a"] }],
      ["uid=ann,,", { sn: ["a"] }],
    ] as const;
    for (const [name, wanted] of bad) {
      const answer = await lab.request("PATCH", path, form(name, {}, wanted));
      expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
    }
    expect(slapd.process.log).not.toContain("uid=ann,,");
  });

  it("removes the membership of a group by name, without reading the others", async () => {
    const lab = await changesLab({ server: slapd });
    const members = Array.from({ length: 300 }, (_, index) => `uid=m${index},ou=people,${baseDn}`);
    const dn = `cn=many,ou=groups,${baseDn}`;
    await directory.add(dn, { objectClass: ["groupOfNames"], cn: ["many"], member: members });
    await lab.changes.apply(lab.cluster, lab.actor(), {
      title: "Leave",
      changes: [
        { type: "modify", dn, changes: [{ operation: "delete", modification: attribute("member", members[7]!) }] },
      ],
    });
    expect((await lab.audit())[0]?.data).toMatchObject({ before: { member: [members[7]] } });
    expect(await directory.values(dn, "member")).toHaveLength(299);
  });
});

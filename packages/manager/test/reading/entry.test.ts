import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  createCertificateAuthority,
  requirePrograms,
  type Slapd,
  startSlapd,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { administrator, person } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "./api.ts";
import { baseDn, ldif, people, peopleDn, personDn, photo, tree, uidOf } from "./population.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

describe("an entry", () => {
  let slapd: Slapd;
  let api: Api;
  let certificate: X509Certificate;
  const canonicalDn = `cn=Ann \\2C \\22A\\22 \\2B Co.,${peopleDn}`;

  beforeAll(async () => {
    await using directory = await temporaryDirectory("entry");
    const authority = await createCertificateAuthority(directory.path);
    const issued = await authority.issue("ann", ["ann.example.com", "127.0.0.1"]);
    certificate = new X509Certificate(await readFile(issued.certificate));
    const rich = [
      `dn: cn=Ann \\, \\"A\\" \\+ Co.,${peopleDn}`,
      "objectClass: inetOrgPerson",
      'cn: Ann , "A" + Co.',
      "sn;lang-de: Müller",
      "sn: Mueller",
      `jpegPhoto:: ${photo.toString("base64")}`,
      `jpegPhoto:: ${Buffer.from("second").toString("base64")}`,
      `userCertificate;binary:: ${certificate.raw.toString("base64")}`,
      "mail: ann@example.com",
      "mail: a@example.com",
      "userPassword: {SSHA}bm90IGEgcmVhbCBoYXNoLCBub3QgYXQgYWxs",
      "",
    ].join("\n");
    slapd = await startSlapd({ ldif: ldif(tree(...people(3)), rich) });
    const admin = administrator(slapd);
    api = await startApi({
      cluster: clusterOf(slapd),
      sessions: {
        admin: sessionOf(admin, { name: "Ada" }),
        viewer: sessionOf(admin, { actions: ["read"], under: `,${peopleDn}` }),
        user: sessionOf(person(personDn(0), `pw-${uidOf(0)}`), { actions: ["read"] }),
      },
    });
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await slapd?.[Symbol.asyncDispose]();
  });

  const read = (dn: string, query: Record<string, string | number> = {}, as = "admin") =>
    api.request("GET /clusters/main/entry", { as, query: { dn, ...query } });

  it("shows text as text, bytes as base64, options as they are, and a hash not at all", async () => {
    const { status, body } = await read(`cn=ann \\, \\"a\\" \\+ co.,${peopleDn}`);
    expect(status).toBe(200);
    const { entry, ...rest } = body;
    expect(rest).toEqual({ may: ["read", "password", "write", "admin", "audit"], node: "ldap1", complete: true });
    expect(entry.dn).toBe(canonicalDn);
    expect(entry.attributes).toEqual({
      objectClass: ["inetOrgPerson"],
      cn: ['Ann , "A" + Co.'],
      "sn;lang-de": ["Müller"],
      sn: ["Mueller"],
      // A photo is bytes; "second" is text, and comes back as the same bytes.
      jpegPhoto: [{ base64: photo.toString("base64") }, "second"],
      "userCertificate;binary": [{ base64: certificate.raw.toString("base64") }],
      mail: ["ann@example.com", "a@example.com"],
      userPassword: [{ hidden: true, scheme: "SSHA" }],
    });
    expect(entry.operational).toMatchObject({ hasSubordinates: ["FALSE"], structuralObjectClass: ["inetOrgPerson"] });
    expect(entry.version).toBe(entry.operational.entryCSN[0]);
  });

  it("has its version, whatever attributes were asked for", async () => {
    const { body } = await read(personDn(1), { attributes: "cn, mail" });
    expect(body.entry).toEqual({
      dn: personDn(1),
      attributes: { cn: ["User 1"] },
      version: expect.stringMatching(/Z#/),
    });
    const asked = await read(personDn(1), { attributes: "entrycsn" });
    expect(asked.body.entry).toEqual({
      ...{ dn: personDn(1), attributes: {} },
      operational: { entryCSN: [body.entry.version] },
      version: body.entry.version,
    });
  });

  it("shows as many values as were asked for, and says how many there are", async () => {
    const { body } = await read(canonicalDn, { attributes: "mail,cn", maxValues: 1 });
    expect([body.entry.attributes.mail, body.cut]).toEqual([["ann@example.com"], { mail: 2 }]);
  });

  it("is the root DSE for the empty name", async () => {
    const { body } = await read("", { attributes: "namingContexts,supportedLDAPVersion" });
    expect(body.entry).toMatchObject({
      dn: "",
      operational: { namingContexts: [baseDn], supportedLDAPVersion: ["3"] },
    });
  });

  it("is not there: the answer names the nearest one above it", async () => {
    const { status, body } = await read(`uid=none,ou=more,${peopleDn}`);
    expect([status, body.code, body.ldap]).toEqual([
      404,
      "no_such_entry",
      { code: 32, name: "noSuchObject", diagnosticMessage: "", matchedDn: peopleDn, node: "ldap1" },
    ]);
    expect((await read("dc=elsewhere")).body.ldap).toMatchObject({ name: "noSuchObject" });
  });

  it("is asked of a node that the request names, and of no other", async () => {
    expect((await read(personDn(1), { node: "ldap1" })).body.node).toBe("ldap1");
    expect((await read(personDn(1), { node: "ldap9" })).status).toBe(404);
  });

  it("says where its name is wrong", async () => {
    const { status, body } = await read("uid=a,b");
    expect([status, body.errors[0].path, body.details.offset]).toEqual([400, "dn", expect.any(Number)]);
  });

  it("is shown as the person's roles allow", async () => {
    expect((await read(personDn(1), {}, "viewer")).body.may).toEqual(["read"]);
    expect((await read(baseDn, {}, "viewer")).body.code).toBe("not_allowed");
    const { body } = await read(personDn(1), {}, "nobody");
    expect(body.code).toBe("not_signed_in");
  });

  it("reveals secrets to administrators alone, and to the audit trail that it did", async () => {
    expect((await read(canonicalDn, { reveal: "true" }, "viewer")).body.code).toBe("not_allowed");
    expect(await api.audit()).toEqual([]);
    const { body, headers } = await read(canonicalDn, { reveal: "true", attributes: "userPassword" });
    expect(body.entry.attributes).toEqual({ userPassword: ["{SSHA}bm90IGEgcmVhbCBoYXNoLCBub3QgYXQgYWxs"] });
    expect(headers["cache-control"]).toBe("no-store");
    const [event, ...others] = await api.audit();
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      ...{ type: "secret.revealed", severity: "medium", source: "manager", subject: canonicalDn, actor: "Ada" },
      data: { cluster: "main", node: "ldap1", attributes: ["userPassword"], address: "127.0.0.1" },
    });
    expect(JSON.stringify(event)).not.toContain("bm90");
    // Where there is nothing to reveal there is nothing to note.
    await read(personDn(1), { reveal: "true", attributes: "cn" });
    expect(await api.audit()).toHaveLength(1);
  });

  it("reveals nothing that cannot be noted", async () => {
    await using other = await startApi({
      cluster: clusterOf(slapd),
      sessions: { admin: sessionOf(administrator(slapd)) },
    });
    await other.closeStore();
    const query = { dn: canonicalDn, reveal: "true" };
    const { status, body } = await other.request("GET /clusters/main/entry", { query });
    expect(status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(body)).not.toContain("bm90");
    expect((await other.request("GET /clusters/main/entry", { query: { dn: canonicalDn } })).status).toBe(200);
  });

  describe("its values", () => {
    const value = (query: Record<string, string | number>) => api.request("GET /clusters/main/value", { query });

    it("come as the bytes that they are, which nobody takes for anything else", async () => {
      const { status, headers, bytes } = await value({ dn: canonicalDn, attribute: "jpegPhoto" });
      expect([status, bytes]).toEqual([200, photo]);
      expect(headers).toMatchObject({
        "content-type": "application/octet-stream",
        "x-content-type-options": "nosniff",
        "content-length": String(photo.length),
        "content-disposition": expect.stringMatching(/^attachment; filename="jpegPhoto"/),
      });
      expect((await value({ dn: canonicalDn, attribute: "jpegPhoto", index: 1 })).bytes.toString()).toBe("second");
      expect((await value({ dn: canonicalDn, attribute: "usercertificate" })).bytes).toEqual(certificate.raw);
    });

    it("may not be there", async () => {
      const { status, body } = await value({ dn: canonicalDn, attribute: "jpegPhoto", index: 2 });
      expect([status, body.code]).toEqual([404, "not_found"]);
      expect((await value({ dn: personDn(1), attribute: "jpegPhoto" })).status).toBe(404);
    });

    it("are no way to a secret, under no name", async () => {
      for (const attribute of [
        "userPassword",
        "userpassword",
        "2.5.4.35",
        "userPassword;x-a",
        "@simpleSecurityObject",
        "*",
      ]) {
        const answer = await value({ dn: personDn(1), attribute });
        expect([attribute, [400, 403, 404].includes(answer.status)]).toEqual([attribute, true]);
        expect(answer.bytes.toString()).not.toContain("pw-");
      }
    });
  });

  describe("its certificates", () => {
    it("are read", async () => {
      const query = { dn: canonicalDn, attribute: "userCertificate" };
      const { body } = await api.request("GET /clusters/main/certificate", { query });
      expect(body.certificate).toEqual({
        subject: certificate.subject.split("\n"),
        issuer: certificate.issuer.split("\n"),
        serialNumber: certificate.serialNumber,
        validFrom: certificate.validFromDate.toISOString(),
        validTo: certificate.validToDate.toISOString(),
        validity: "valid",
        subjectAltNames: certificate.subjectAltName?.split(", ") ?? [],
        isAuthority: false,
        key: expect.objectContaining({ type: certificate.publicKey.asymmetricKeyType }),
        extendedKeyUsage: certificate.keyUsage ?? [],
        fingerprints: {
          sha1: certificate.fingerprint,
          sha256: certificate.fingerprint256,
          sha512: certificate.fingerprint512,
        },
        pem: certificate.toString(),
      });
    });

    it("are refused where they are none", async () => {
      const query = { dn: canonicalDn, attribute: "jpegPhoto" };
      const { status, body } = await api.request("GET /clusters/main/certificate", { query });
      expect([status, body.title]).toEqual([400, "The value is no certificate that can be read."]);
    });
  });
});

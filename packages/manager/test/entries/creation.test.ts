// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how forms are written
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createCertificateAuthority, ldapsearch, requirePrograms, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { base, dnOf, ldif, people, user } from "./content.ts";
import { baseDn, type DebianSlapd, startDebianSlapd } from "./debian-slapd.ts";
import { type Served, serve } from "./served.ts";

const withSlapd = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });

const userForm = {
  base_ou: people,
  object_classes: ["inetOrgPerson", "posixAccount", "shadowAccount"],
  fields: [
    { name: "uid", required: true },
    { name: "givenName", required: true },
    { name: "sn", required: true },
    { name: "cn", auto_generate: "${givenName} ${sn}" },
    { name: "mail", type: "email" as const, auto_generate: "${uid}@example.com" },
    { name: "title" },
    { name: "userPassword", type: "password" as const, required: true },
    { name: "uidNumber", type: "number" as const, auto_generate: "next_uid", readonly: true },
    { name: "gidNumber", type: "number" as const, default: 100 },
    { name: "homeDirectory", auto_generate: "/home/${uid}" },
    { name: "loginShell", type: "select" as const, options: ["/bin/bash", "/bin/sh"], default: "/bin/bash" },
    { name: "shadowLastChange", auto_generate: "days_since_epoch", readonly: true },
  ],
};
/** No posixAccount, and named by cn. */
const contactForm = {
  base_ou: people,
  object_classes: ["inetOrgPerson"],
  rdn: "cn",
  fields: [
    { name: "cn", required: true },
    { name: "sn", required: true },
    { name: "mail", type: "email" as const },
  ],
};
const dayMs = 86_400_000;

withSlapd("new entries", () => {
  let slapd: DebianSlapd;
  let served: Served;
  beforeAll(async () => {
    slapd = await startDebianSlapd({ ldif: ldif([...base, user("ann", 2040), user("bob", 2025)]) });
    served = await serve(slapd, {
      user_creation_form: userForm,
      templates: { contact: contactForm },
      password_policy: { min_length: 8 },
      now: () => 20_000 * dayMs,
    });
  });
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await slapd?.[Symbol.asyncDispose]();
  });

  const fill = (values: object, more: object = {}) =>
    served.ask("POST", "entries/from-form", { form: "user", values, ...more });

  it("are added from the form with what it fills in by itself, and can sign in with the password", async () => {
    const { status, body } = await fill({
      uid: "carol",
      givenName: "Carol",
      sn: "Jones",
      title: "",
      userPassword: "p<ss&w0rd;5 < 6",
    });
    expect({ status, dn: body.dn, outcome: body.outcome }).toEqual({
      status: 200,
      dn: dnOf("carol"),
      outcome: "applied",
    });
    const { userPassword = [], ...rest } = (await served.entry(dnOf("carol")))?.attributes ?? {};
    expect(rest).toEqual({
      objectClass: ["inetOrgPerson", "posixAccount", "shadowAccount"],
      ...{ uid: ["carol"], givenName: ["Carol"], sn: ["Jones"], cn: ["Carol Jones"], mail: ["carol@example.com"] },
      ...{ uidNumber: ["2041"], gidNumber: ["100"], homeDirectory: ["/home/carol"], loginShell: ["/bin/bash"] },
      shadowLastChange: ["20000"],
    });
    expect(userPassword).toEqual([expect.stringMatching(/^\{SSHA\}/)]);
    const bound = await ldapsearch(slapd.url, {
      ...{ base: dnOf("carol"), scope: "base", options: ["-D", dnOf("carol"), "-w", "p<ss&w0rd;5 < 6"] },
    });
    expect(bound.resultCode).toBe(0);
  });

  it("are shown before, with a number that is not taken and without the password", async () => {
    const values = { uid: "dora", givenName: "Dora", sn: "Ek", userPassword: "secret-of-dora" };
    const first = await fill(values, { preview: true });
    const second = await fill(values, { preview: true });
    expect(first.body.ldif).toBe(second.body.ldif);
    expect(first.body.ldif).toContain("dn: uid=dora,ou=people,dc=example,dc=com\nchangetype: add\n");
    expect(first.body.ldif).toContain("uidNumber: 2042\n");
    expect(first.body.ldif).not.toContain("secret-of-dora");
    expect(first.body.ldif).not.toContain(Buffer.from("secret-of-dora").toString("base64"));
    expect(first.body.warnings).toContain(
      "The number (uidNumber) is given when the entry is added, and may be another then.",
    );
    expect(await served.entry(dnOf("dora"))).toBeUndefined();
  });

  it("are refused with every field that is wrong, and take no number then", async () => {
    const { status, body } = await fill({
      uid: "",
      sn: "Ek",
      mail: "nowhere",
      loginShell: "/bin/zsh",
      uidNumber: 5,
      hat: "x",
      userPassword: "short",
    });
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { path: "values.hat", message: "The form has no such field." },
      { path: "values.uid", message: "It is missing." },
      { path: "values.givenName", message: "It is missing." },
      { path: "values.mail", message: "It is no mail address." },
      { path: "values.uidNumber", message: "It is filled in by itself, and cannot be given." },
      { path: "values.loginShell", message: "It is none of /bin/bash, /bin/sh." },
      { path: "values.uid", message: "It names the entry, and is missing." },
    ]);
    const short = await fill({ uid: "eve", givenName: "Eve", sn: "Ek", userPassword: "short" });
    expect(short.body.errors).toEqual([
      { path: "values.userPassword", message: "It must have at least 8 characters." },
    ]);
    const { body: next } = await fill({ uid: "eve", givenName: "Eve", sn: "Ek", userPassword: "long-enough" });
    expect((await served.entry(next.dn, "uidNumber"))?.attributes).toEqual({ uidNumber: ["2042"] });
  });

  it("need no posixAccount, and get no number without one", async () => {
    const { status } = await served.ask("POST", "entries/from-form", {
      ...{ form: "contact", values: { cn: "Smith, John + Co", sn: "Smith" } },
    });
    expect(status).toBe(200);
    const [found] = await served.entries(people, { filter: "(cn=Smith, John \\2b Co)" });
    expect(found).toEqual({
      dn: "cn=Smith\\2C John \\2B Co,ou=people,dc=example,dc=com",
      attributes: { objectClass: ["inetOrgPerson"], cn: ["Smith, John + Co"], sn: ["Smith"] },
    });
  });

  it("say what object classes ask for before the directory does", async () => {
    const { status, body } = await served.ask("POST", "entries/from-form", {
      form: "contact",
      values: { cn: "No Name" },
    });
    expect([status, body.errors]).toEqual([400, [{ path: "values.sn", message: "It is missing." }]]);
  });

  it("get numbers that nobody had: not those of deleted users, nor those that were given by hand", async () => {
    const { body: first } = await fill({ uid: "fay", givenName: "Fay", sn: "X", userPassword: "long-enough" });
    const number = Number((await served.entry(first.dn, "uidNumber"))?.attributes.uidNumber?.[0]);
    expect((await served.delete({ dn: first.dn })).status).toBe(200);
    const { body: second } = await fill({ uid: "gus", givenName: "Gus", sn: "X", userPassword: "long-enough" });
    expect((await served.entry(second.dn, "uidNumber"))?.attributes).toEqual({ uidNumber: [String(number + 1)] });
    // By hand, far above, and deleted again.
    const [dn, attributes] = user("hal", 7000);
    const listed = Object.fromEntries(Object.entries(attributes).map(([type, value]) => [type, [value].flat()]));
    expect((await served.ask("POST", "entries", { dn, attributes: listed })).status).toBe(200);
    expect((await served.delete({ dn })).status).toBe(200);
    const { body: third } = await fill({ uid: "ida", givenName: "Ida", sn: "X", userPassword: "long-enough" });
    expect((await served.entry(third.dn, "uidNumber"))?.attributes).toEqual({ uidNumber: ["7001"] });
  });

  it("keep no password in clear text, also where it came as an attribute", async () => {
    const attributes = { objectClass: ["inetOrgPerson"], cn: ["Kim"], sn: ["Kim"], userPassword: ["clear-text"] };
    const { status, body } = await served.ask("POST", "entries", { dn: dnOf("kim"), attributes });
    expect([status, body.results.map(({ type, status }: { type: string; status: string }) => [type, status])]).toEqual([
      200,
      [
        ["add", "applied"],
        ["password", "applied"],
      ],
    ]);
    const entry = await served.entry(dnOf("kim"));
    expect(entry?.attributes.uid).toEqual(["kim"]);
    expect(entry?.attributes.userPassword).toEqual([expect.stringMatching(/^\{SSHA\}/)]);
    const robot = { objectClass: ["organizationalRole", "simpleSecurityObject"], userPassword: ["clear-text"] };
    expect((await served.ask("POST", "entries", { dn: `cn=robot,${baseDn}`, attributes: robot })).status).toBe(200);
    const bind = ["-D", `cn=robot,${baseDn}`, "-w", "clear-text"];
    expect((await ldapsearch(slapd.url, { base: baseDn, scope: "base", options: bind })).resultCode).toBe(0);
  });

  it("say which entry is missing above them", async () => {
    const attributes = { objectClass: ["organizationalUnit"] };
    const { status, body } = await served.ask("POST", "entries", { dn: `ou=a,ou=nowhere,${baseDn}`, attributes });
    expect([status, body.code, body.title]).toEqual([
      404,
      "no_such_entry",
      `There is no entry ou=nowhere,${baseDn} to put it below.`,
    ]);
  });

  it("take a certificate as PEM, and no photo that is none", async () => {
    const photo = (head: string, size: number) => ({
      base64: Buffer.concat([Buffer.from(head, "hex"), Buffer.alloc(size)]).toString("base64"),
    });
    const add = (attributes: object) =>
      served.ask("POST", "entries", {
        ...{ dn: dnOf("lea"), preview: false },
        attributes: { objectClass: ["inetOrgPerson"], cn: ["Lea"], sn: ["Lea"], ...attributes },
      });
    const errors = async (attributes: object) => (await add(attributes)).body.errors;
    expect(await errors({ jpegPhoto: [photo("89504e470d0a1a0a", 10)] })).toEqual([
      { path: "attributes.jpegPhoto.0", message: "The photo is a PNG image, and must be JPEG." },
    ]);
    expect(await errors({ jpegPhoto: ["no photo"] })).toEqual([
      { path: "attributes.jpegPhoto.0", message: "The photo is no JPEG image." },
    ]);
    expect(await errors({ jpegPhoto: [photo("ffd8ff", 300 * 1024)] })).toEqual([
      { path: "attributes.jpegPhoto.0", message: "The photo has 301 KiB, and may have 256: make it smaller." },
    ]);
    await using directory = await temporaryDirectory("certificate");
    const authority = await createCertificateAuthority(directory.path);
    const pem = await readFile(authority.certificate, "utf8");
    expect((await add({ jpegPhoto: [photo("ffd8ff", 1_000)], userCertificate: [pem] })).status).toBe(200);
    expect((await served.entry(dnOf("lea"), "userCertificate"))?.attributes).toEqual({
      "userCertificate;binary": [new X509Certificate(pem).raw.toString()],
    });
    expect(await errors({ userCertificate: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] })).toEqual(
      [
        {
          path: "attributes.userCertificate.0",
          message: "It is no X.509 certificate, neither as PEM nor as DER.",
        },
      ],
    );
  });
});

withSlapd("a password that the policy refuses", () => {
  it("leaves the entry without one, and the answer says both", async () => {
    const policy = `cn=policy,${baseDn}`;
    const desk = `uid=desk,${people}`;
    await using slapd = await startDebianSlapd({
      modules: ["ppolicy"],
      overlays: ["overlay ppolicy", `ppolicy_default "${policy}"`],
      access: [
        `access to attrs=userPassword by dn.exact="${desk}" write by anonymous auth by * none`,
        `access to * by dn.exact="${desk}" write by * read`,
      ],
      ldif: ldif([
        ...base,
        [
          policy,
          {
            ...{ objectClass: ["organizationalRole", "pwdPolicy"], cn: "policy", pwdAttribute: "userPassword" },
            ...{ pwdMinLength: "12", pwdCheckQuality: "2" },
          },
        ],
        [desk, { objectClass: "inetOrgPerson", uid: "desk", cn: "desk", sn: "desk", userPassword: "pw-desk" }],
      ]),
    });
    await using served = await serve(slapd, { as: { dn: desk, password: "pw-desk" } });
    const attributes = { objectClass: ["inetOrgPerson"], cn: ["Ann"], sn: ["Ann"], userPassword: ["short"] };
    const { status, body } = await served.ask("POST", "entries", { dn: dnOf("ann"), attributes });
    const results = body.results.map(
      ({ type, status, problem }: { type: string; status: string; problem?: { code: string } }) => [
        type,
        status,
        problem?.code,
      ],
    );
    expect([status, body.outcome, results]).toEqual([
      207,
      "partial",
      [
        ["add", "applied", undefined],
        ["password", "failed", "password_policy"],
      ],
    ]);
    expect((await served.entry(dnOf("ann")))?.attributes.userPassword).toBeUndefined();
  });
});

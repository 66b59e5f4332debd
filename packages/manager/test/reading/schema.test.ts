import { attribute, builtInSchema, rfc2307bisSchema, Schema } from "@espalier/ldap";
import { requirePrograms, type Slapd, startSlapd } from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, describe as plainDescribe } from "vitest";
import { formOf } from "../../src/reading/form.ts";
import { taggedSchema } from "../../src/reading/schema-json.ts";
import { schemaAnswer } from "../../src/reading/schema-routes.ts";
import { administrator, anybody } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "./api.ts";
import { startOddServer } from "./odd-server.ts";
import { baseDn, ldif, people, personDn, tree } from "./population.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });

describe("the schema of slapd", () => {
  let slapd: Slapd;
  let api: Api;

  beforeAll(async () => {
    slapd = await startSlapd({ ldif: ldif(tree(...people(2))) });
    api = await startApi({
      cluster: {
        ...clusterOf(slapd),
        description: "The people",
        user_creation_form: {
          base_ou: "ou=people,dc=example,dc=com",
          object_classes: ["inetOrgPerson"],
          fields: [
            { name: "cn", required: true },
            { name: "uid", label: "Name", auto_generate: "next_uid", readonly: true },
            { name: "employeeType", type: "select", options: ["staff", { value: "ext", label: "External" }] },
          ],
        },
        table_columns: {
          users: [
            { name: "uid", label: "User" },
            { name: "mail", default_visible: false },
          ],
        },
        password_policy: { min_length: 12 },
      },
      sessions: { admin: sessionOf(administrator(slapd)), stranger: { ...sessionOf(anybody), clusters: [] } },
    });
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await slapd?.[Symbol.asyncDispose]();
  });

  it("is given with what types inherit", async () => {
    const { status, body } = await api.request("GET /clusters/main/schema");
    expect(status).toBe(200);
    expect(schemaAnswer.parse(body)).toEqual(body);
    const type = (name: string) => body.attributeTypes.find(({ names }: { names: string[] }) => names.includes(name));
    expect(type("sn")).toEqual({
      ...{ oid: "2.5.4.4", names: ["sn", "surname"], isObsolete: false, superior: "name", chain: ["name"] },
      description: expect.any(String),
      ...{
        syntax: "1.3.6.1.4.1.1466.115.121.1.15",
        equality: "caseIgnoreMatch",
        substrings: "caseIgnoreSubstringsMatch",
      },
      ...{ isSingleValued: false, isCollective: false, isReadOnly: false, usage: "userApplications" },
    });
    expect(type("entryCSN")).toMatchObject({ isReadOnly: true, isSingleValued: true, usage: "directoryOperation" });
    const person = body.objectClasses.find(({ names }: { names: string[] }) => names.includes("inetOrgPerson"));
    expect(person.chain).toEqual(["organizationalPerson", "person", "top"]);
    expect(body.syntaxes.length).toBeGreaterThan(20);
    expect(body.matchingRules.length).toBeGreaterThan(20);
    expect(body.problems).toEqual([]);
  });

  it("is not sent twice to whoever has it", async () => {
    const first = await api.request("GET /clusters/main/schema");
    const again = async (tag: unknown) =>
      (await api.request("GET /clusters/main/schema", { headers: { "if-none-match": String(tag) } })).status;
    expect([await again(first.headers.etag), await again(`W/${first.headers.etag}`), await again('"x"')]).toEqual([
      304, 304, 200,
    ]);
  });

  it("says what a form for an entry needs", async () => {
    const { body } = await api.request("GET /clusters/main/form", { query: { dn: personDn(1) } });
    expect(body).toMatchObject({ structural: "inetOrgPerson", takesAnything: false, problems: [], node: "ldap1" });
    expect(body.objectClasses.map(({ name, kind }: { name: string; kind: string }) => [name, kind])).toEqual([
      ["inetOrgPerson", "STRUCTURAL"],
      ["posixAccount", "AUXILIARY"],
    ]);
    const by = Object.fromEntries(body.attributes.map((one: { name: string }) => [one.name, one]));
    expect(by.uid).toMatchObject({
      isRequired: true,
      isNaming: true,
      editor: "text",
      by: ["inetOrgPerson", "posixAccount"],
    });
    expect(by.uidNumber).toMatchObject({ isRequired: true, isSingleValued: true, editor: "integer" });
    expect(by.sn).toMatchObject({ isRequired: true, isNaming: false, names: ["sn", "surname"], by: ["person"] });
    const editors = [
      "jpegPhoto",
      "userCertificate",
      "userPassword",
      "manager",
      "postalAddress",
      "objectClass",
      "audio",
    ];
    expect(editors.map((name) => by[name]?.editor)).toEqual([
      ...["photo", "certificate", "password", "dn", "lines", "objectClass", "binary"],
    ]);
    const required = body.attributes.map(({ isRequired }: { isRequired: boolean }) => isRequired);
    expect(required).toEqual([...required].sort((one, other) => Number(other) - Number(one)));
    expect(body.auxiliary).toContain("ldapPublicKey");
    expect(body.auxiliary).not.toContain("posixAccount");
  });

  it("says what a form for other object classes needs, and which it does not know", async () => {
    const { body } = await api.request("GET /clusters/main/form", {
      query: { objectClasses: "person, myOwnClass, extensibleObject" },
    });
    expect(body.objectClasses[1]).toEqual({ name: "myOwnClass", kind: "unknown" });
    expect(body.problems).toEqual(["The schema has no object class myOwnClass: its attributes are not known."]);
    expect(body.takesAnything).toBe(true);
    expect((await api.request("GET /clusters/main/form")).status).toBe(400);
  });

  it("stands beside the forms that are configured", async () => {
    expect((await api.request("GET /clusters/main/forms")).body).toEqual({
      userCreation: {
        baseOu: "ou=people,dc=example,dc=com",
        objectClasses: ["inetOrgPerson"],
        rdn: "uid",
        fields: [
          { name: "cn", label: "cn", type: "text", isRequired: true, isReadOnly: false },
          { name: "uid", label: "Name", type: "text", isRequired: false, isReadOnly: true, autoGenerate: "next_uid" },
          {
            ...{ name: "employeeType", label: "employeeType", type: "select", isRequired: false, isReadOnly: false },
            options: [
              { value: "staff", label: "staff" },
              { value: "ext", label: "External" },
            ],
          },
        ],
      },
      templates: {},
      columns: {
        users: [
          { name: "uid", label: "User", isVisible: true },
          { name: "mail", label: "mail", isVisible: false },
        ],
        groups: [],
        ous: [],
      },
      passwordPolicy: { minLength: 12, requireConfirmation: true },
    });
  });

  it("belongs to a cluster that says what it is, to those who are signed in to it", async () => {
    const { body } = await api.request("GET /clusters");
    const [cluster] = body.clusters;
    expect(cluster).toMatchObject({
      ...{ name: "main", description: "The people", isReadOnly: false, isConnected: true },
      may: ["read", "password", "write", "admin", "audit"],
      nodes: [{ name: "ldap1", url: `ldap://127.0.0.1:${slapd.port}`, isWriteNode: true }],
    });
    const one = await api.request("GET /clusters/main");
    expect(one.body).toMatchObject({
      baseDn,
      facts: {
        ...{ vendor: "openldap", namingContexts: [baseDn], versionAttribute: "entryCSN" },
        can: { page: true, sort: false, assert: true, deleteTrees: false, modifyPasswords: true },
      },
    });
    const stranger = await api.request("GET /clusters", { as: "stranger" });
    expect(stranger.body.clusters).toEqual([
      { name: "main", description: "The people", isReadOnly: false, isConnected: false, may: [], nodes: [] },
    ]);
  });

  it("is asked for of a cluster that there is", async () => {
    const { status, body } = await api.request("GET /clusters/elsewhere/schema");
    expect([status, body.code]).toEqual([404, "no_such_cluster"]);
  });
});

plainDescribe("a schema that is wrong", () => {
  const circle = {
    attributeTypes: [
      ...builtInSchema.definitions.attributeTypes,
      "( 1.1.1 NAME 'chicken' SUP egg SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
      "( 1.1.2 NAME 'egg' SUP chicken )",
      "( 1.1.3 NAME 'broken",
    ],
    objectClasses: [
      ...builtInSchema.definitions.objectClasses,
      "( 1.1.11 NAME 'head' SUP tail STRUCTURAL MAY chicken )",
      "( 1.1.12 NAME 'tail' SUP head STRUCTURAL MAY ( egg $ nothingOfThatName ) )",
      "( 1.1.13 NAME 'ownTail' SUP ownTail STRUCTURAL )",
    ],
    ldapSyntaxes: builtInSchema.definitions.ldapSyntaxes,
    matchingRules: builtInSchema.definitions.matchingRules,
  };

  it("does not go round in its circles", async () => {
    const definitions = Object.entries(circle).map(([type, values]) => attribute(type, ...values));
    await using server = await startOddServer(
      [
        { dn: "cn=schema", attributes: [attribute("objectClass", "top", "subschema"), ...definitions] },
        { dn: "cn=one,cn=schema", attributes: [attribute("objectClass", "ownTail", "tail"), attribute("egg", "1")] },
      ],
      { rootDse: [attribute("subschemaSubentry", "cn=schema")] },
    );
    await using api = await startApi({ cluster: clusterOf(server), sessions: { admin: sessionOf(anybody) } });
    const { status, body } = await api.request("GET /clusters/main/schema");
    expect(status).toBe(200);
    const named = (list: { names: string[] }[], name: string) => list.find(({ names }) => names.includes(name));
    expect(named(body.attributeTypes, "egg")).toMatchObject({ superior: "chicken" });
    expect(named(body.objectClasses, "head")).toMatchObject({ chain: ["tail"] });
    expect(named(body.objectClasses, "ownTail")).toMatchObject({ chain: [] });
    const messages = body.problems.map(({ message }: { message: string }) => message);
    expect(messages.some((message: string) => /one of its own subtypes/.test(message))).toBe(true);
    expect(messages).toHaveLength(2);
    const form = await api.request("GET /clusters/main/form", { query: { dn: "cn=one,cn=schema" } });
    expect(form.body.attributes.map(({ name }: { name: string }) => name).sort()).toEqual([
      "chicken",
      "egg",
      "nothingOfThatName",
    ]);
    expect(form.body.problems).toEqual(["The schema has no attribute nothingOfThatName: it is edited as text."]);
  });

  it("gives a form and JSON for whatever classes refer to whatever others", () => {
    const names = fc.constantFrom("a", "b", "c", "d", "top", "person", "nobody");
    const kind = fc.constantFrom("ABSTRACT", "STRUCTURAL", "AUXILIARY");
    const definition = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.array(names, { maxLength: 3 }), kind, names);
    fc.assert(
      fc.property(fc.array(definition), fc.array(names), (definitions, asked) => {
        const objectClasses = definitions.map(([name, superiors, kind, may], index) => {
          const sup = superiors.length === 0 ? "" : ` SUP ( ${superiors.join(" $ ")} )`;
          return `( 1.2.${index} NAME '${name}'${sup} ${kind} MAY ${may} )`;
        });
        const attributeTypes = definitions.map(
          ([name, [sup]], index) => `( 1.3.${index} NAME '${name}' SUP ${sup ?? "name"} )`,
        );
        const schema = new Schema({ objectClasses, attributeTypes });
        expect(schemaAnswer.safeParse(taggedSchema(schema).json).success).toBe(true);
        const form = formOf(schema, asked);
        expect(form.objectClasses).toHaveLength(asked.length);
        expect(new Set(form.attributes.map(({ name }) => name.toLowerCase())).size).toBe(form.attributes.length);
      }),
    );
  });

  it("has the DIT content rule of a structural class in its form", () => {
    const schema = rfc2307bisSchema.extend({
      dITContentRules: ["( 2.5.6.6 NAME 'ofPersons' AUX posixAccount MUST mail MAY title NOT telephoneNumber )"],
    });
    const form = formOf(schema, ["person"], "cn=a+sn=b,dc=c");
    const by = Object.fromEntries(form.attributes.map((one) => [one.name, one]));
    expect([by.mail?.isRequired, by.title?.isRequired, by.telephoneNumber]).toEqual([true, false, undefined]);
    expect(form.auxiliary).toEqual(["posixAccount"]);
    expect(form.attributes.filter(({ isNaming }) => isNaming).map(({ name }) => name)).toEqual(["cn", "sn"]);
  });
});

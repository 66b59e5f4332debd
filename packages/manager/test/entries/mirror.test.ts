// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how forms are written
import {
  createCertificateAuthority,
  requirePrograms,
  type SlapdMirror,
  startSlapdMirror,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { base, dnOf, group, groups, ldif, people } from "./content.ts";
import { type Served, serve } from "./served.ts";

const withMirror = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

withMirror("three servers that replicate each other, with two managers on one store", () => {
  let directory: TemporaryDirectory;
  let mirror: SlapdMirror;
  let managers: readonly [Served, Served];
  beforeAll(async () => {
    directory = await temporaryDirectory("mirror");
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("server", ["127.0.0.1"]);
    mirror = await startSlapdMirror({
      certificate,
      ldif: ldif([...base, group("staff", "groupOfNames", { member: dnOf("nobody") })]),
    });
    const [first] = mirror.nodes;
    const user_creation_form = {
      base_ou: people,
      object_classes: ["inetOrgPerson", "posixAccount"],
      fields: [
        { name: "uid" },
        { name: "cn", auto_generate: "${uid}" },
        { name: "sn", auto_generate: "${uid}" },
        { name: "uidNumber", auto_generate: "next_uid" },
        { name: "gidNumber", default: 100 },
        { name: "homeDirectory", auto_generate: "/home/${uid}" },
      ],
    };
    const nodes = mirror.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
    const manager = () =>
      serve(first!, {
        nodes,
        multi_master: true,
        user_creation_form,
        storeUrl: `sqlite:${directory.file("store.db")}`,
      });
    managers = [await manager(), await manager()];
  });
  afterAll(async () => {
    for (const manager of managers ?? []) await manager[Symbol.asyncDispose]();
    await mirror?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  it("give each new user a number of its own", async () => {
    const uids = Array.from({ length: 20 }, (_, index) => `user${index}`);
    const answers = await Promise.all(
      uids.map((uid, index) =>
        managers[index % 2]!.ask("POST", "entries/from-form", { form: "user", values: { uid } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(uids.map(() => 200));
    await mirror.agreed();
    for (const node of mirror.nodes) {
      await using served = await serve(node);
      const found = await served.entries(people, { filter: "(uidNumber=*)", attributes: ["uidNumber"] });
      const numbers = found.map(({ attributes }) => Number(attributes.uidNumber?.[0])).sort((a, b) => a - b);
      expect(numbers).toEqual(uids.map((_, index) => 2000 + index));
    }
  });

  it("have references changed that were made a moment before", async () => {
    const [manager] = managers;
    for (let turn = 0; turn < 5; turn += 1) {
      const [from, to] = [dnOf(`user${turn}`), dnOf(`renamed${turn}`)];
      expect((await manager.ask("PUT", "groups/members", { dn: `cn=staff,${groups}`, add: [from] })).status).toBe(200);
      const rename = await manager.ask("POST", "entries/rename", { dn: from, newRdn: `uid=renamed${turn}` });
      expect([rename.status, rename.body.outcome, rename.body.counts]).toEqual([
        200,
        "applied",
        { entries: 1, references: 1 },
      ]);
      expect((await manager.entry(`cn=staff,${groups}`, "member"))?.attributes.member).toContain(to);
    }
    await mirror.agreed();
    for (const node of mirror.nodes) {
      await using served = await serve(node);
      const members = (await served.entry(`cn=staff,${groups}`, "member"))?.attributes.member ?? [];
      expect(members.toSorted()).toEqual([dnOf("nobody"), ...[0, 1, 2, 3, 4].map((turn) => dnOf(`renamed${turn}`))]);
    }
  });
});

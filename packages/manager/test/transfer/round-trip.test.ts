/** What is exported can be imported: the same directory comes out, whatever is in it. */
import { parseLdif } from "@espalier/ldap";
import { attribute, LdapClient } from "@espalier/ldap/client";
import { requirePrograms, type Slapd, startSlapd, succeed } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { type Served, serve } from "./served.ts";

const describe = requirePrograms({ slapd: "slapd", slapcat: "slapd", ldapadd: "ldap-utils" });

const baseDn = "dc=example,dc=com";
const baseEntry = `dn: ${baseDn}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n`;

async function started(ldif: string): Promise<Slapd> {
  const slapd = await startSlapd({ ldif });
  onTestFinished(() => slapd[Symbol.asyncDispose]());
  return slapd;
}

async function servedOver({ port, rootDn, rootPassword }: Slapd): Promise<Served> {
  const served = await serve({ host: "127.0.0.1", port, as: { dn: rootDn, password: rootPassword } });
  onTestFinished(() => served[Symbol.asyncDispose]());
  return served;
}

async function clientOf({ url, rootDn, rootPassword }: Slapd): Promise<LdapClient> {
  const client = await LdapClient.connect({ url });
  onTestFinished(() => client.unbind());
  await client.bind(rootDn, rootPassword);
  return client;
}

const ofTheServer =
  /^(structuralObjectClass|entryUUID|creatorsName|createTimestamp|entryCSN|modifiersName|modifyTimestamp|hasSubordinates|entryDN|subschemaSubentry)$/i;

/** Entries by name, attributes and values sorted, without what each server makes itself. */
function content(ldif: string): Map<string, string[]> {
  return new Map(
    parseLdif(ldif)
      .flatMap(({ record }) => (record.type === "content" ? [record] : []))
      .map(({ dn, attributes }): [string, string[]] => [
        dn,
        attributes
          .filter(({ type }) => !ofTheServer.test(type))
          .flatMap(({ type, values }) => values.map((value) => `${type}: ${Buffer.from(value).toString("base64")}`))
          .sort(),
      ])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function population(count: number): string {
  const entries = [baseEntry, `dn: ou=people,${baseDn}\nobjectClass: organizationalUnit\nou: people\n`];
  for (let index = 0; index < count - 2; index += 1) {
    entries.push(
      [
        `dn: uid=user${index},ou=people,${baseDn}`,
        "objectClass: inetOrgPerson",
        `uid: user${index}`,
        `cn: User ${index}`,
        "sn: Müller",
        `mail: user${index}@example.com`,
        "description: one; two\\three",
        "description:: IGxlYWRpbmcgc3BhY2U=",
        "jpegPhoto:: /9j/4AAQSkZJRg==",
        "",
      ].join("\n"),
    );
  }
  return entries.join("\n");
}

describe("an export", () => {
  it("of 10,000 entries is imported into an empty server, which then holds the same", {
    timeout: 600_000,
  }, async () => {
    const source = await started(population(10_000));
    const target = await started(baseEntry);
    const ldif = await (await servedOver(source)).exported();
    expect(ldif).toMatch(/\n\n# end: 10000 entries\n$/);
    const { body } = await (await servedOver(target)).imported(ldif, { mode: "update", continues: "true" });
    expect(body).toMatchObject({
      state: "done",
      errorCount: 0,
      progress: { read: 10_000, applied: 9_999, unchanged: 1, failed: 0, inDoubt: 0 },
    });
    expect(content(await target.dump())).toEqual(content(await source.dump()));
  });

  it("as CSV is imported into an empty server, which then holds the same", { timeout: 120_000 }, async () => {
    const source = await started(population(1_000));
    const target = await started(baseEntry);
    const csv = await (await servedOver(source)).exported({ format: "csv" });
    const query = { type: "text/csv", mode: "update", continues: "true" };
    const { body } = await (await servedOver(target)).imported(csv, query);
    expect(body).toMatchObject({ state: "done", errorCount: 0, progress: { read: 1_000, applied: 999, unchanged: 1 } });
    expect(content(await target.dump())).toEqual(content(await source.dump()));
  });

  it("has each entry behind the one above it, also where that is the younger one: ldapadd and slapadd take it", async () => {
    const source = await started(population(5));
    const client = await clientOf(source);
    await client.add(`ou=late,${baseDn}`, [attribute("objectClass", "organizationalUnit"), attribute("ou", "late")]);
    await client.add(`ou=later,${baseDn}`, [attribute("objectClass", "organizationalUnit"), attribute("ou", "later")]);
    await client.modifyDn(`ou=late,${baseDn}`, {
      newRdn: "ou=late",
      deleteOldRdn: false,
      newSuperior: `ou=later,${baseDn}`,
    });
    await client.modifyDn(`ou=people,${baseDn}`, {
      ...{ newRdn: "ou=people", deleteOldRdn: false, newSuperior: `ou=late,ou=later,${baseDn}` },
    });
    const ldif = await (await servedOver(source)).exported();
    const target = await started(baseEntry);
    const withoutBase = ldif.replace(/^dn: dc=example[\s\S]*?\n\n/, "");
    await succeed("ldapadd", ["-x", "-H", target.url, "-D", target.rootDn, "-w", target.rootPassword], {
      input: withoutBase,
    });
    expect(content(await target.dump())).toEqual(content(await source.dump()));
    // It is loaded by slapadd.
    const loaded = await started(ldif);
    expect(content(await loaded.dump())).toEqual(content(await source.dump()));
  });

  it("of any entries, with options, bytes and spaces, comes back byte for byte in either format", {
    timeout: 240_000,
  }, async () => {
    const source = await started(baseEntry);
    const target = await started(baseEntry);
    const [from, to] = [await servedOver(source), await servedOver(target)];
    const [sourceClient, targetClient] = [await clientOf(source), await clientOf(target)];
    const text = fc.oneof(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
      fc
        .array(fc.constantFrom(" ", ";", "\\", '"', ",", "\r", "\n", "=", "{base64}", "#", "ä", "\t"), {
          minLength: 1,
          maxLength: 8,
        })
        .map((each) => each.join("")),
    );
    // A Directory String has a character that is not a space, and matches without regard to its case and spaces.
    const words = fc
      .uniqueArray(
        text.filter((each) => /[^\s\p{C}\p{M}]/u.test(each) && each.isWellFormed() && !each.includes("\0")),
        {
          maxLength: 4,
          selector: (each) =>
            each
              .normalize("NFKC")
              .toLowerCase()
              .replaceAll(/[\s\p{C}]+/gu, " ")
              .trim(),
        },
      )
      .map((values) => values.map((each) => new TextEncoder().encode(each)));
    const photos = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 60 }), {
      maxLength: 3,
      selector: (bytes) => String(bytes),
    });
    const anyEntry = fc.record({ description: words, "description;lang-de": words, audio: photos, street: words });
    let run = 0;
    const counts = { drawn: 0, added: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEntry, { minLength: 5, maxLength: 15 }),
        fc.constantFrom("ldif", "csv"),
        async (entries, format) => {
          run += 1;
          const unit = `ou=run ${run},${baseDn}`;
          const ou = [attribute("objectClass", "organizationalUnit"), attribute("ou", `run ${run}`)];
          await sourceClient.add(unit, ou);
          let added = 0;
          for (const [index, attributes] of entries.entries()) {
            const given = Object.entries(attributes).filter(([, values]) => values.length > 0);
            const name = `person, "${index}" + more `;
            const dn = `cn=person\\, \\"${index}\\" \\+ more\\ ,${unit}`;
            try {
              await sourceClient.add(dn, [
                ...[attribute("objectClass", "inetOrgPerson"), attribute("cn", name), attribute("sn", "x")],
                ...given.map(([type, values]) => ({ type, values })),
              ]);
              added += 1;
            } catch (error) {
              // Two values that the server takes for one.
              if (!(error as Error).message.includes("value")) throw error;
            }
          }
          counts.drawn += entries.length;
          counts.added += added;
          const exported = await from.exported({ base: unit, format });
          const { body } = await to.imported(exported, { type: `text/${format}` });
          expect(body).toMatchObject({ state: "done", errorCount: 0, progress: { applied: added + 1 } });
          const read = async (client: LdapClient) =>
            (await client.searchAll({ baseObject: unit })).entries
              .map(({ objectName, attributes }) => [
                objectName,
                ...attributes
                  .flatMap(({ type, values }) => values.map((value) => `${type} ${Buffer.from(value).toString("hex")}`))
                  .sort(),
              ])
              .sort();
          expect(await read(targetClient)).toEqual(await read(sourceClient));
        },
      ),
      { numRuns: 25 },
    );
    expect(counts.added).toBeGreaterThan(counts.drawn / 2);
  });
});

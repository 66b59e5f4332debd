import { readdirSync } from "node:fs";
import { attribute } from "@espalier/ldap/client";
import { expect, it } from "vitest";
import { EntrySpool } from "../../src/backup/entry-spool.ts";
import { privateFolder } from "../../src/backup/private-folder.ts";

it("keeps what many put in at a time, in their order, in a file that nobody sees", async () => {
  await using folder = await privateFolder("spool");
  await using spool = await EntrySpool.create(folder.path);
  expect(readdirSync(folder.path)).toEqual([]);
  const description = "x".repeat(10_000);
  const entries = Array.from({ length: 200 }, (_, number) => ({
    dn: `cn=${number},dc=example`,
    attributes: [attribute("description", description)],
  }));
  await Promise.all(entries.map((entry) => spool.add(entry)));
  const found: string[] = [];
  for await (const { dn } of spool.entries()) found.push(dn);
  expect({ count: spool.count, found }).toEqual({ count: 200, found: entries.map(({ dn }) => dn) });
});

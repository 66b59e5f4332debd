/** The lab itself: that what the other tests stand on is what it says. */
import { expect, it } from "vitest";
import {
  formatEntries,
  populationEntries,
  randomPopulation,
  requirePrograms,
  runCommand,
  startSlapd,
  succeed,
} from "./lab/index.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

describe("a slapd of the lab", () => {
  const population = randomPopulation({ seed: 1, users: 60, groups: 30 });
  const entries = populationEntries(population, { baseDn: "dc=example,dc=com", passwords: true });

  it("holds every entry of a population, whatever characters its names have", async () => {
    await using slapd = await startSlapd({ ldif: formatEntries(entries) });
    const printed = await succeed("ldapsearch", ["-x", "-LLL", "-H", slapd.url, "-b", slapd.baseDn, "1.1"]);
    expect(printed.match(/^dn:/gm)).toHaveLength(entries.length);
  });

  it("binds a user with the password of the population and with no other", async () => {
    await using slapd = await startSlapd({ ldif: formatEntries(entries) });
    const dn = entries[30]?.dn ?? "";
    const bind = async (password: string) =>
      (await runCommand("ldapwhoami", ["-x", "-H", slapd.url, "-D", dn, "-w", password])).exitCode;
    expect(await bind(population.users[29]?.password ?? "")).toBe(0);
    expect(await bind("something else")).toBe(49);
  });

  it("keeps operational attributes as they were given", async () => {
    const operational = [
      ["entryUUID", ["6f1d4f0c-50ee-5a2c-9c50-0f8a3f3f4b11"]],
      ["modifyTimestamp", ["20260102030405Z"]],
    ] as const;
    const ldif = formatEntries(entries.slice(0, 1), () => operational);
    await using slapd = await startSlapd({ ldif, maintainsOperationalAttributes: false });
    const search = ["-x", "-LLL", "-H", slapd.url, "-b", slapd.baseDn, "-s", "base", "+"];
    expect(await succeed("ldapsearch", search)).toBe(
      [
        "dn: dc=example,dc=com",
        "entryUUID: 6f1d4f0c-50ee-5a2c-9c50-0f8a3f3f4b11",
        "modifyTimestamp: 20260102030405Z",
        "structuralObjectClass: organization",
        "entryDN: dc=example,dc=com",
        "subschemaSubentry: cn=Subschema",
        "hasSubordinates: FALSE",
        "\n",
      ].join("\n"),
    );
  });
});

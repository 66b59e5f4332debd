/** The lab itself: that what the other tests stand on is what it says. */
import { expect, it } from "vitest";
import {
  createCertificateAuthority,
  formatEntries,
  populationEntries,
  randomPopulation,
  requirePrograms,
  runCommand,
  sssdPrograms,
  startSlapd,
  startSssd,
  succeed,
  temporaryDirectory,
  uniformPopulation,
  until,
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

requirePrograms({ slapd: "slapd", ...sssdPrograms }, { root: true })("an SSSD of the lab", () => {
  const population = uniformPopulation({ users: 3, groups: 2, groupsPerUser: 1 });
  const ldif = formatEntries(populationEntries(population, { baseDn: "dc=example,dc=com", passwords: true }));

  it("logs in a user of a slapd that it finds under another name", async () => {
    await using directory = await temporaryDirectory("certificates");
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("slapd", ["ldap1"]);
    await using slapd = await startSlapd({ ldif, certificate });
    await using sssd = await startSssd({
      hosts: { ldap1: "127.0.0.1" },
      settings: {
        id_provider: "ldap",
        auth_provider: "ldap",
        ldap_uri: `ldaps://ldap1:${slapd.ldapsPort}`,
        ldap_tls_cacert: certificate.authority,
        access_provider: "ldap",
        ldap_access_filter: "(!(uid=user2))",
      },
    });
    await until("SSSD to find the user", () => sssd.passwd("user1"));
    expect(await sssd.passwd("user1")).toBe("user1:*:100001:5001:User Number1:/home/user1:/bin/bash");
    expect(await sssd.group("group1")).toBe("group1:*:5001:user1");
    expect(await sssd.groupsOf("user1")).toEqual(["group1"]);
    expect(await sssd.login("user1", "pw-1")).toBe("granted");
    expect(await sssd.login("user1", "pw-2")).toBe("rejected");
    expect(await sssd.login("user2", "pw-2")).toBe("refused");
  });
});

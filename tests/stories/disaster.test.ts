/**
 * Disaster: a pair of OpenLDAP servers and the PostgreSQL with a gateway's users and the store are lost, with all that lay on the
 * disks. What brings them back are the lines of docs/backup.md, word for word but for addresses and folders.
 */
import {
  formatEntries,
  type LdifAttribute,
  populationEntries,
  requirePrograms,
  ssha,
  uniformPopulation,
} from "@espalier/tests/lab";
import { afterAll, expect, it } from "vitest";
import { backupAccount, DisasterSite } from "./disaster-site.ts";
import { typedLines } from "./document-lines.ts";
import { Stopwatch } from "./stopwatch.ts";

const describe = requirePrograms(
  {
    ...{ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" },
    ...{ initdb: "postgresql-15", pg_dump: "postgresql-15", pg_dumpall: "postgresql-15" },
  },
  // Files are put where they were.
  { root: true },
);

const baseDn = "dc=example,dc=com";

/** A directory that is older than Espalier: entries of years ago, made by somebody, with what a password policy notes. */
function directoryLdif(): string {
  const people = uniformPopulation({ users: 2_000, groups: 60, groupsPerUser: 2 });
  const entries = populationEntries(people, { baseDn, passwords: true }).map(({ dn, attributes }) => ({
    dn,
    attributes: attributes.filter(([type]) => type !== "memberOf"),
  }));
  const account: LdifAttribute[] = [
    ["objectClass", ["organizationalRole", "simpleSecurityObject"]],
    ["cn", ["backup"]],
    ["userPassword", [ssha(backupAccount.password, "backup")]],
  ];
  const locked: LdifAttribute[] = [
    ["pwdChangedTime", ["20230601090000Z"]],
    ["pwdFailureTime", ["20231031235959.000001Z"]],
    ["pwdAccountLockedTime", ["20231101000000Z"]],
  ];
  return formatEntries([...entries, { dn: backupAccount.dn, attributes: account }], (dn) => [
    ["creatorsName", [`uid=user7,${baseDn}`]],
    ["createTimestamp", ["20190312081500Z"]],
    ["modifiersName", [`uid=user8,${baseDn}`]],
    ["modifyTimestamp", ["20231101170000Z"]],
    ...(dn.startsWith("uid=user9") ? locked : []),
  ]);
}

/** Each entry as its sorted lines, without what servers number anew as they replicate. */
function entriesOf(ldif: string): string[] {
  return ldif
    .replaceAll("\n ", "")
    .trim()
    .split(/\n{2,}/)
    .map((entry) => entry.split("\n").filter((line) => !/^(?:entryCSN|contextCSN): /.test(line)))
    .map(([dn, ...lines]) => [dn, ...lines.sort()].join("\n"))
    .sort();
}

describe("when a pair of directories, the database and the disks are lost", () => {
  const stopwatch = new Stopwatch("Disaster: two directories, a database and the disks are lost");
  const resources = new AsyncDisposableStack();
  afterAll(async () => {
    await resources.disposeAsync();
    stopwatch.print();
  });

  it("the steps of docs/backup.md bring all of it back", { timeout: 240_000 }, async () => {
    const blocks = typedLines("backup.md", "When everything is lost");
    expect(blocks).toHaveLength(6);
    const [keeping = [], bringing = [], files = [], databases = [], directory = [], looking = []] = blocks;
    const users = uniformPopulation({ users: 500, groups: 20, groupsPerUser: 2 });

    const site = await stopwatch.time("2,000 people in two directories, 500 in a database", () =>
      DisasterSite.create({ ldif: directoryLdif(), users }),
    );
    resources.use(site);
    await stopwatch.time("they are used", async () => {
      await site.type(keeping);
      await site.startServices();
      await site.use();
    });
    const before = await site.see();
    const head = await site.noteHead();
    const databasesBefore = await stopwatch.time("a backup is made", () =>
      site.still(async () => {
        await site.type(["espalier backup create -c /etc/espalier/espalier.yaml"]);
        return site.dumpDatabases();
      }),
    );
    await site.keepApart();
    await stopwatch.time("all is destroyed", () => site.destroy());

    await site.startPostgres();
    await stopwatch.time("1. the backup, which is whole", () => site.type(bringing));
    const typed = [
      ...(await stopwatch.time("2. configuration, keys and files", () => site.type(files))),
      ...(await stopwatch.time("3. the databases", () => site.type(databases))),
    ];
    await site.startNode(0);
    typed.push(...(await stopwatch.time("4. the directory", () => site.type(directory))));
    await stopwatch.time("   the second server has it from the first", async () => {
      await site.startNode(1);
      await site.agreed();
    });
    const databasesAfter = await site.dumpDatabases();
    const looked = await stopwatch.time("5. it is as it was, and backed up again", () => site.type(looking));
    await stopwatch.time("   and is served", () => site.startServices());
    const after = await site.see();

    const { port } = site.postgres;
    expect(typed.map(({ stdout }) => stdout).filter((stdout) => stdout.includes("was restored"))).toEqual([
      "configuration was restored to the folder /, and is the same.\n",
      "secrets was restored to the folder /, and is the same.\n",
      "files was restored to the folder /, and is the same.\n",
      `sql:gateway was restored to the database 127.0.0.1:${port}/users, and is the same.\n`,
      `store was restored to the database 127.0.0.1:${port}/espalier, and is the same.\n`,
      `ldap:people was restored to ${baseDn} on ldaps://127.0.0.1:${site.nodes[0]?.ldapsPort}, and is the same.\n`,
    ]);
    const [entries, ...copies] = [...before.directories, ...after.directories].map(entriesOf);
    expect(entries).toHaveLength(2_062);
    for (const copy of copies) expect(copy).toEqual(entries);
    expect(databasesAfter).toEqual(databasesBefore);
    expect(looked[1]?.stdout).toBe(
      `The audit trail is whole: ${head.split(":")[0]} links.\nIts head, to be noted elsewhere: ${head}\n`,
    );
    expect(after.served).toEqual(before.served);
    expect(after.served.entries).toHaveLength(521);
    expect(after.session).toEqual(before.session);
  });
});

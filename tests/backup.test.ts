import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LdapClient } from "@espalier/ldap/client";
import {
  ChildServer,
  type Directory389,
  espalierCommand,
  fillPostgres,
  formatEntries,
  type Postgres,
  populationEntries,
  Random,
  requirePrograms,
  runCommand,
  type Slapd,
  startDirectory389,
  startPostgres,
  startSlapd,
  succeed,
  type TemporaryDirectory,
  temporaryDirectory,
  uniformPopulation,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";

const describe = requirePrograms({
  ...{ slapd: "slapd", slapadd: "slapd", "age-keygen": "age" },
  ...{ initdb: "postgresql-15", pg_dump: "postgresql-15" },
});

const baseDn = "dc=example,dc=com";

interface Site extends AsyncDisposable {
  readonly directory: TemporaryDirectory;
  /** Runs `espalier backup …` to its end. */
  backup(...parameters: string[]): ReturnType<typeof runCommand>;
  /** Starts it. */
  start(...parameters: string[]): ChildServer;
  list(): Promise<{ readonly backups: readonly { readonly name: string }[]; readonly leftovers: readonly string[] }>;
}

/** A folder with a configuration and an age key. */
async function site(configuration: (directory: TemporaryDirectory) => string): Promise<Site> {
  const directory = await temporaryDirectory("backup");
  await succeed("age-keygen", ["-o", directory.file("age-key")]);
  writeFileSync(directory.file("espalier.yaml"), configuration(directory));
  const options = { workingDirectory: directory.path, timeoutMs: 120_000 };
  return {
    directory,
    backup: (...parameters) => runCommand(process.execPath, [espalierCommand, "backup", ...parameters], options),
    start: (...parameters) => {
      // What a killed process cannot remove goes with the folder.
      const environment = { TMPDIR: directory.path };
      return new ChildServer(process.execPath, [espalierCommand, "backup", ...parameters], { ...options, environment });
    },
    list: async () =>
      JSON.parse(await succeed(process.execPath, [espalierCommand, "backup", "list", "--json"], options)),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

function cluster(slapd: Pick<Slapd, "port" | "rootDn" | "rootPassword">): string {
  const account = `bind_dn: "${slapd.rootDn}", bind_password: "${slapd.rootPassword}"`;
  return `clusters:\n  - { name: people, host: 127.0.0.1, port: ${slapd.port}, base_dn: "${baseDn}", ${account} }\n`;
}

describe("a directory of 10,000 entries and a table of its users", { timeout: 120_000 }, () => {
  let slapd: Slapd;
  let postgres: Postgres;
  let place: Site;
  beforeAll(async () => {
    const population = uniformPopulation({ users: 9_900, groups: 99, groupsPerUser: 3 });
    const ldif = formatEntries(populationEntries(population, { baseDn, passwords: true }));
    [slapd, postgres] = await Promise.all([startSlapd({ ldif }), startPostgres()]);
    await fillPostgres(postgres, population);
    const databases = `databases: { users: "${postgres.url}" }`;
    const backups = `check:\n  backups: { directory: backups, identityFile: age-key, ${databases} }\n`;
    place = await site(() => `${backups}${cluster(slapd)}`);
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await slapd[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  it("are backed up, verified, and restored into servers made for that, which is written down", async () => {
    const created = await place.backup("create");
    expect(created).toMatchObject({ exitCode: 0, stderr: "" });
    const drilled = await place.backup("drill");
    const [, name = ""] = /^(\S+): /.exec(created.stdout) ?? [];
    const receipts = readdirSync(place.directory.file("backups/receipts")).filter((each) => each.includes("-drill-"));
    expect(drilled).toEqual({
      exitCode: 0,
      stdout: [
        "  configuration (1): the same",
        "  sql:users (39699): the same",
        "  ldap-schema:people (1): the same",
        "  ldap:people (10000): the same",
        `${name} was restored, and is the same: ${place.directory.file(`backups/receipts/${receipts[0]}`)}`,
        "",
      ].join("\n"),
      stderr: "",
    });
    expect(receipts).toHaveLength(1);
  });

  it("leave nothing of a scratch PostgreSQL when the drill is killed (SIGKILL)", async () => {
    chmodSync(place.directory.path, 0o755);
    const drill = place.start("drill");
    await until("the server", () => programsWithin(place.directory).includes("postgres"), { intervalMs: 5 });
    await drill.kill();
    await until("the server to be gone", () => programsWithin(place.directory).length === 0);
    const drills = () => readdirSync(place.directory.path).filter((name) => name.startsWith("espalier-drill-"));
    await until("its folder to be gone", () => drills().length === 0);
  });

  it("fail their verification with the file's name when a byte of it is another", async () => {
    const [name = ""] = readdirSync(place.directory.file("backups")).filter((each) => each.startsWith("20"));
    const path = place.directory.file(`backups/${name}/ldap-people.ldif.gz.age`);
    const bytes = readFileSync(path);
    const changed = Buffer.from(bytes);
    changed[Math.floor(bytes.length / 2)]! ^= 0x40;
    writeFileSync(path, changed);
    const damaged = await place.backup("verify");
    expect(damaged).toEqual({
      exitCode: 1,
      stdout: `ldap-people.ldif.gz.age is damaged: its SHA-256 is another.\n${join(path, "..")} is damaged.\n`,
      stderr: "",
    });
    writeFileSync(path, bytes);
    expect(await place.backup("verify")).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("a process that is killed (SIGKILL) at any moment", { timeout: 180_000 }, () => {
  const random = new Random(20_260_115);

  /** About 12 MB, which compress badly. */
  function fill(path: string): void {
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE events (id INTEGER PRIMARY KEY, data BLOB); BEGIN");
    const insert = database.prepare("INSERT INTO events (data) VALUES (randomblob(1000))");
    for (let row = 0; row < 12_000; row += 1) insert.run();
    database.exec("COMMIT");
    database.close();
  }

  const sqliteSite = () =>
    site((directory) => {
      fill(directory.file("store.db"));
      const backups = "check:\n  backups: { directory: backups, identityFile: age-key }\n";
      return `${backups}store: { url: "sqlite:${directory.file("store.db")}" }\n`;
    });

  const bytesIn = (folder: string): number =>
    !existsSync(folder)
      ? 0
      : readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
          const path = join(folder, entry.name);
          return sum + (entry.isDirectory() ? bytesIn(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0));
        }, 0);

  /** Kills it once `reached` says so, or it has ended by itself. True where it was killed. */
  async function killWhen(child: ChildServer, reached: () => boolean | Promise<boolean>): Promise<boolean> {
    await until("the moment", async () => !child.isRunning || (await reached()), { timeoutMs: 60_000, intervalMs: 1 });
    return (await child.kill()) === "SIGKILL";
  }

  it("while it makes a backup leaves none that looks whole and is not, 20 times", async () => {
    await using place = await sqliteSite();
    const backups = place.directory.file("backups");
    expect((await place.backup("create")).exitCode).toBe(0);
    const whole = bytesIn(backups);
    let killed = 0;
    for (let time = 0; time < 20; time += 1) {
      const before = new Set(readdirSync(backups));
      const grown = () =>
        readdirSync(backups)
          .filter((name) => !before.has(name))
          .reduce((sum, name) => sum + bytesIn(join(backups, name)), 0);
      // The copy of the database lies there too for a while, so that more than the whole is reached.
      const share = random.fraction();
      if (await killWhen(place.start("create"), () => grown() >= share * 2 * whole)) killed += 1;
    }
    const { backups: listed, leftovers } = await place.list();
    expect(listed.length).toBeGreaterThanOrEqual(1);
    expect(listed.length + killed).toBeGreaterThanOrEqual(21);
    expect(killed).toBeGreaterThanOrEqual(15);
    expect(leftovers.length).toBeLessThanOrEqual(1);
    for (const { name } of listed)
      expect(await place.backup("verify", name)).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await place.backup("create")).exitCode).toBe(0);
    expect((await place.list()).leftovers).toEqual([]);
  });

  it("while it restores a database leaves what was there, or the whole, 10 times", async () => {
    await using place = await sqliteSite();
    expect((await place.backup("create")).exitCode).toBe(0);
    const rows = (path: string) => {
      const database = new DatabaseSync(path, { readOnly: true });
      const { count } = database.prepare("SELECT count(*) AS count FROM events").get() as { count: number };
      database.close();
      return count;
    };
    const old = place.directory.file("old.db");
    const database = new DatabaseSync(old);
    database.exec("CREATE TABLE events (id INTEGER); INSERT INTO events VALUES (1)");
    database.close();
    const target = place.directory.file("restored.db");
    const size = statSync(place.directory.file("store.db")).size;
    let killed = 0;
    for (let time = 0; time < 10; time += 1) {
      copyFileSync(old, target);
      const share = random.fraction();
      const restore = place.start(
        "restore",
        "latest",
        "--part",
        "store",
        "--to",
        `sqlite:${target}`,
        "--force",
        "--confirm",
        "restored.db",
      );
      const isReached = () =>
        (statSync(`${target}.espalier-partial`, { throwIfNoEntry: false })?.size ?? -1) >= share * size;
      if (await killWhen(restore, isReached)) killed += 1;
      expect([1, 12_000]).toContain(rows(target));
    }
    expect(killed).toBeGreaterThanOrEqual(7);
  });

  it("while it restores a directory leaves a mark of it, and the next run goes on, 10 times", async () => {
    const population = uniformPopulation({ users: 900, groups: 99, groupsPerUser: 3 });
    const ldif = formatEntries(populationEntries(population, { baseDn, passwords: true }));
    await using source = await startSlapd({ ldif });
    await using target = await startSlapd({ ldif: "" });
    const backups = "check:\n  backups: { directory: backups, identityFile: age-key }\n";
    await using place = await site(() => `${backups}${cluster(source)}`);
    expect((await place.backup("create")).exitCode).toBe(0);
    writeFileSync(place.directory.file("espalier.yaml"), `${backups}${cluster(target)}`);
    await using client = await LdapClient.connect({ url: target.url });
    const names = async () => {
      const { entries } = await client
        .searchAll({ baseObject: baseDn, attributes: ["1.1"] })
        .catch(() => ({ entries: [] }));
      return entries.map(({ objectName }) => objectName);
    };
    const restore = ["restore", "latest", "--part", "ldap:people", "--confirm", baseDn];
    const moments = Array.from({ length: 10 }, () => random.below(1_000)).sort((left, right) => left - right);
    let killed = 0;
    for (const moment of moments) {
      if (await killWhen(place.start(...restore), async () => (await names()).length > moment)) killed += 1;
      const there = await names();
      const isMarked = there.includes(`cn=espalier-restore-in-progress,${baseDn}`);
      expect({ isMarked, count: there.length }).toSatisfy(
        () => isMarked || there.length <= 1 || there.length === 1_000,
      );
    }
    expect(killed).toBeGreaterThanOrEqual(7);
    expect(await place.backup(...restore)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await lasting(target)).toEqual(await lasting(source));
  });
});

requirePrograms({ "ns-slapd": "389-ds-base", "age-keygen": "age" })(
  "a 389 Directory Server",
  { timeout: 60_000 },
  () => {
    let directory: Directory389;
    let place: Site;
    beforeAll(async () => {
      const population = uniformPopulation({ users: 90, groups: 9, groupsPerUser: 3 });
      directory = await startDirectory389({
        ldif: formatEntries(populationEntries(population, { baseDn, passwords: true })),
      });
      const backups = "check:\n  backups: { directory: backups, identityFile: age-key }\n";
      place = await site(() => `${backups}${cluster(directory)}`);
      // The scratch server runs as a user of its own, who must be able to enter the folder for temporary files.
      chmodSync(place.directory.path, 0o755);
      expect(await place.backup("create")).toMatchObject({ exitCode: 0, stderr: "" });
    });
    afterAll(async () => {
      await place[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    });

    const drills = () => readdirSync(place.directory.path).filter((name) => name.startsWith("espalier-drill-"));
    it("is restored into a server made for that, which is written down", async () => {
      const drilled = await place.backup("drill");
      const [name = ""] = readdirSync(place.directory.file("backups")).filter((each) => each.startsWith("20"));
      const [receipt, ...others] = readdirSync(place.directory.file("backups/receipts")).filter((each) =>
        each.includes("-drill-"),
      );
      expect(others).toEqual([]);
      expect(drilled).toEqual({
        exitCode: 0,
        stdout: [
          "  configuration (1): the same",
          "  ldap-schema:people (1): the same",
          "  ldap:people (100): the same",
          `${name} was restored, and is the same: ${place.directory.file(`backups/receipts/${receipt}`)}`,
          "",
        ].join("\n"),
        stderr: "",
      });
    });

    it.for([
      ["told to end", "SIGTERM", "is loaded", "log/errors"],
      ["told to end", "SIGTERM", "runs", "run/ldapi"],
      ["killed", "SIGKILL", "is loaded", "log/errors"],
      ["killed", "SIGKILL", "runs", "run/ldapi"],
    ] as const)("leaves nothing of its scratch server when the drill is %s (%s) while it %s", async (moment) => {
      const [, signal, , file] = moment;
      const child = place.start("drill");
      await until(
        `${file} to be there`,
        () => drills().some((name) => existsSync(place.directory.file(`${name}/${file}`))),
        { timeoutMs: 30_000, intervalMs: 5 },
      );
      expect(programsWithin(place.directory)).toEqual(["ns-slapd"]);
      child.signal(signal);
      expect(await child.exited()).toBe(signal);
      await until("the server to be gone", () => programsWithin(place.directory).length === 0);
      await until("its folder to be gone", () => drills().length === 0);
      expect(readdirSync("/dev/shm").filter((name) => name.startsWith("sem.espalier-drill-"))).toEqual([]);
    });
  },
);

/** Of the processes whose parameters name a drill's folder in there, their programs: a server has more than one process. */
function programsWithin(directory: TemporaryDirectory): readonly string[] {
  const names = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [program = "", ...parameters] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        const isOurs = parameters.some((each) => each.startsWith(directory.file("espalier-drill-")));
        // A shell waits until it is time to remove the folder.
        return isOurs && program !== "/bin/sh" ? [basename(program)] : [];
      } catch {
        return [];
      }
    });
  return [...new Set(names)];
}

/** What entries hold, and who they are. */
async function lasting(slapd: Slapd): Promise<readonly string[]> {
  await using client = await LdapClient.connect({ url: slapd.url });
  await client.bind(slapd.rootDn, slapd.rootPassword);
  const { entries } = await client.searchAll({ baseObject: baseDn, attributes: ["*", "entryUUID", "createTimestamp"] });
  return entries
    .map(({ objectName, attributes }) => {
      const values = attributes.flatMap(({ type, values }) =>
        values.map((value) => `${type}: ${Buffer.from(value).toString("latin1")}`),
      );
      return [objectName, ...values.sort()].join("\n");
    })
    .sort();
}

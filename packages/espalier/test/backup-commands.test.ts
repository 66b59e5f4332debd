import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadBackupConfiguration } from "../src/commands/backup-sources.ts";
import { type Ended, espalier } from "./command.ts";

/** An age key that was made for this test; age-keygen need not be there. */
const ageKey = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

interface Place {
  readonly folder: string;
  file(name: string): string;
  run(...parameters: string[]): Ended;
}

function place(configuration: string, environment: Record<string, string> = {}): Place {
  const folder = mkdtempSync(join(tmpdir(), "espalier-backup-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string) => join(folder, name);
  writeFileSync(file("age-key"), `${ageKey}\n`, { mode: 0o600 });
  writeFileSync(file("espalier.yaml"), configuration);
  const database = new DatabaseSync(file("store.db"));
  database.exec("CREATE TABLE events (id INTEGER); INSERT INTO events VALUES (1), (2)");
  database.close();
  return { folder, file, run: (...parameters) => espalier(["backup", ...parameters], environment, folder) };
}

const backups = "check:\n  backups: { directory: backups, identityFile: age-key }\n";
const store = 'store: { url: "sqlite:store.db" }\n';

describe("espalier backup", () => {
  it("makes a backup, verifies, drills, lists and restores it", { timeout: 60_000 }, () => {
    const { run, file } = place(`${backups}${store}`);
    const created = run("create");
    const name = /^(\S+): \S+ KiB in /.exec(created.stdout)?.[1] ?? "";
    expect(created).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(
        /^\S+Z: [\d.]+ KiB in \S+\n {2}configuration: \S+, 2.0 KiB\n {2}store: store.db, 8.0 KiB\n$/,
      ),
      stderr: "",
    });
    const parts = "  configuration (1): the same\n  store (2): the same\n";
    expect(run("verify")).toEqual({
      exitCode: 0,
      stdout: `${parts}${file(`backups/${name}`)} is whole.\n`,
      stderr: "",
    });
    const drilled = run("drill", name);
    expect({ ...drilled, stdout: drilled.stdout.replace(/: \S+\.json\n$/, "") }).toEqual({
      ...{ exitCode: 0, stdout: `${parts}${name} was restored, and is the same`, stderr: "" },
    });
    expect(run("list").stdout).toMatch(
      new RegExp(
        `^${name} {2}\\d+s old {2}[\\d.]+ KiB {2}configuration store\\n {2}verified \\d+s ago, drilled \\d+s ago\\n$`,
      ),
    );
    const to = `sqlite:${file("restored.db")}`;
    expect(run("restore", "latest", "--part", "store", "--to", to, "--confirm", "restored.db")).toEqual({
      exitCode: 0,
      stdout: `store was restored to the database ${file("restored.db")}, and is the same.\n`,
      stderr: "",
    });
  });

  it("fails with 1 and names the file when a byte of it is another", { timeout: 60_000 }, () => {
    const { run, file } = place(`${backups}${store}`);
    run("create");
    const [name = ""] = readdirSync(file("backups")).filter((each) => each.startsWith("20"));
    const damaged = file(`backups/${name}/store.sqlite.gz.age`);
    const bytes = readFileSync(damaged);
    bytes[20]! ^= 1;
    writeFileSync(damaged, bytes);
    const said = "store.sqlite.gz.age is damaged: its SHA-256 is another.\n";
    expect(run("verify")).toEqual({
      exitCode: 1,
      stdout: `${said}${file(`backups/${name}`)} is damaged.\n`,
      stderr: "",
    });
    expect(run("drill")).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(said) });
    const restored = run("restore", "latest", "--part", "store", "--confirm", "store.db", "--force");
    expect(restored).toEqual({ exitCode: 3, stdout: "", stderr: said });
    expect(run("list").stdout).toMatch(/verified in vain \d+s ago, drilled in vain \d+s ago/);
  });

  it("works without the configuration, which may be lost with the machine, and says whose key it was", {
    timeout: 60_000,
  }, () => {
    const { run, file } = place(`${backups}${store}`);
    run("create");
    const other = place("");
    mkdirSync(other.file("saved"));
    const [name = ""] = readdirSync(file("backups")).filter((each) => each.startsWith("20"));
    const copy = ["-r", file(`backups/${name}`), other.file("saved")];
    mkdirSync(other.file(`saved/${name}`));
    for (const each of readdirSync(copy[1]!))
      writeFileSync(other.file(`saved/${name}/${each}`), readFileSync(join(copy[1]!, each)));
    const opening = ["--directory", "saved", "--identity-file", file("age-key")];
    const parts = ["--part", "configuration", "--to", "back", "--confirm", "back"];
    const restored = other.run("restore", "latest", ...parts, ...opening);
    expect(restored).toEqual({
      exitCode: 0,
      stdout: `configuration was restored to the folder ${other.file("back")}, and is the same.\n`,
      stderr: expect.stringMatching(/^There is no public key here .*: it was made by the key [0-9a-f]{64}\. /),
    });
    expect(readFileSync(join(other.file("back"), file("espalier.yaml")), "utf8")).toBe(`${backups}${store}`);
    const trusted = other.run("verify", ...opening, "--public-key", file("backups/receipts/public-key.pem"));
    expect(trusted).toEqual({
      exitCode: 0,
      stdout: expect.stringContaining("is whole."),
      stderr: `No receipt is written: ${other.file("saved/signing-key.pem")}, which would sign it, is not here.\n`,
    });
    expect(other.run("drill", ...opening)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^A drill leaves a receipt, and /),
    });
  });

  it.each([
    ["create", "", "Nothing says where backups are: set check.backups.directory in espalier.yaml.\n"],
    [
      "create",
      "check:\n  backups: { directory: b }\n",
      "Backups are encrypted, and nothing says with what: name check.backups.passphraseFile or identityFile.\n",
    ],
    ["verify", backups, /^There is no whole backup in \S+\/backups\.\n$/],
  ] as const)("%s is refused with 2 and a sentence for the configuration %j", (command, configuration, sentence) => {
    const said = typeof sentence === "string" ? sentence : expect.stringMatching(sentence);
    expect(place(configuration).run(command)).toEqual({ exitCode: 2, stdout: "", stderr: said });
  });

  it("asks nobody where nobody is, and says what to write instead", { timeout: 60_000 }, () => {
    const { run, file } = place(`${backups}${store}`);
    run("create");
    expect(run("restore", "latest", "--part", "store", "--to", `sqlite:${file("new.db")}`)).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `Nobody is there to be asked: say --confirm "new.db" to restore to the database ${file("new.db")}.\n`,
    });
    expect(
      run("restore", "latest", "--part", "store", "--to", `sqlite:${file("new.db")}`, "--confirm", "other"),
    ).toEqual({
      ...{ exitCode: 2, stdout: "", stderr: "Nothing was done: the name of the target is new.db.\n" },
    });
  });

  it("restores a directory as somebody else only with a name and a password", { timeout: 60_000 }, () => {
    const { run } = place(`${backups}${store}`);
    run("create");
    const restore = ["restore", "latest", "--part", "store", "--confirm", "store.db"];
    const alone = run(...restore, "--bind-dn", "cn=admin,dc=example,dc=com");
    const nowhere = run(...restore, "--bind-dn", "cn=admin,dc=example,dc=com", "--bind-password-file", "nowhere");
    expect([alone, nowhere]).toEqual([
      { exitCode: 2, stdout: "", stderr: "--bind-dn and --bind-password-file go together.\n" },
      { exitCode: 2, stdout: "", stderr: "nowhere cannot be read (ENOENT).\n" },
    ]);
  });
});

describe("what is backed up", () => {
  it("is the configuration, the files it names, those of NAME_FILE, and every database and directory", () => {
    const { file } = place(
      `
gateway:
  base: dc=example,dc=com
  tls: { certPath: CERT, keyPath: KEY }
  sql:
    url: "\${DATABASE}"
    queries: { allUsers: a, oneUser: "?", allGroups: b, groupsByMember: "?" }
clusters:
  - { name: people, host: 127.0.0.1, tls: { mode: starttls, ca_file: CA } }
check:
  backups:
    directory: backups
    identityFile: IDENTITY
    files: [COMPOSE]
    databases: { wiki: "sqlite:wiki.db" }
    clusters: { people: { bindDn: "cn=backup,dc=example,dc=com", bindPassword: secret } }
`.replaceAll(/\b(CERT|KEY|CA|IDENTITY|COMPOSE)\b/g, (name) => join(tmpdir(), `espalier-names-${process.pid}-${name}`)),
    );
    const named = (name: string) => join(tmpdir(), `espalier-names-${process.pid}-${name}`);
    for (const name of ["CERT", "KEY", "CA", "IDENTITY", "COMPOSE"]) {
      writeFileSync(named(name), name);
      onTestFinished(() => rmSync(named(name)));
    }
    writeFileSync(file("database-url"), "postgres://ann:secret@db/people\n");
    const { sources } = loadBackupConfiguration({ DATABASE_FILE: file("database-url") }, file("espalier.yaml"));
    expect(sources.map((source) => ("paths" in source ? [source.name, ...source.paths] : [source.name]))).toEqual([
      ["configuration", file("espalier.yaml")],
      ["secrets", named("CERT"), named("KEY"), named("CA"), file("database-url")],
      ["files", named("COMPOSE")],
      ["sql:gateway"],
      ["sql:wiki"],
      ["ldap:people"],
    ]);
    const [url, login] = sources.flatMap((source) => {
      if (source.kind === "database" && source.name === "sql:gateway") return [source.url.reveal()];
      return source.kind === "directory" ? [source.login?.dn] : [];
    });
    expect({ url, login }).toEqual({ url: "postgres://ann:secret@db/people", login: "cn=backup,dc=example,dc=com" });
  });

  it.each([
    ["where it is made", "", {}, "data/manager.key"],
    ["where the file says", "manager: { keyFile: m.key }\n", {}, "m.key"],
    ["where its variable says", "manager: { keyFile: m.key }\n", { MANAGER_KEY_FILE: "v.key" }, "v.key"],
  ])("is the manager's key %s: without it the store's secrets are lost", (_, section, environment, path) => {
    const { folder, file } = place(`${section}${store}`);
    mkdirSync(file("data"));
    for (const each of ["data/manager.key", "m.key", "v.key"]) writeFileSync(file(each), each);
    const before = process.cwd();
    process.chdir(folder);
    onTestFinished(() => process.chdir(before));
    const { sources } = loadBackupConfiguration(environment, undefined);
    expect(sources.flatMap((source) => (source.name === "secrets" && "paths" in source ? source.paths : []))).toEqual([
      join(process.cwd(), path),
    ]);
  });
});
